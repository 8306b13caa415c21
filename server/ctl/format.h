/* SPDX-License-Identifier: MIT */
/* Numbers as people read them. What is not finite is "-". */
#ifndef SPIKED_CTL_FORMAT_H
#define SPIKED_CTL_FORMAT_H

#include <stdint.h>

struct ctl_word {
    char s[32];
};

struct ctl_word ctl_count(double v); /* 131072 as "131k"; four digits are left as they are */
struct ctl_word ctl_bytes(double v); /* 1536 as "1.5 KiB" */
struct ctl_word ctl_duration(double seconds); /* "0.3s", "12s", "1m05s", "2h03m", "3d04h" */
struct ctl_word ctl_percent(double share);    /* 0.972 as "97.2%" */
struct ctl_word ctl_number(double v);         /* four digits, plain where that is short */
/* Unix seconds in local time; 0 is "-". */
struct ctl_word ctl_when(int64_t seconds);

#endif
