/* SPDX-License-Identifier: MIT */
#include "core/nir/hdf5.h"

#include <hdf5.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void snn_hdf5_lock(void)
{
    pthread_mutex_lock(&lock);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

void snn_hdf5_unlock(void)
{
    pthread_mutex_unlock(&lock);
}
