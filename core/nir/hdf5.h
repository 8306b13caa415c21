/* SPDX-License-Identifier: MIT */
/* HDF5's C library, as Debian builds it, is not for more than one thread: whoever calls it holds
 * this lock from the first call to the last. The library's own printing of errors is switched off.
 */
#ifndef SPIKED_CORE_NIR_HDF5_H
#define SPIKED_CORE_NIR_HDF5_H

void snn_hdf5_lock(void);
void snn_hdf5_unlock(void);

#endif
