/* SPDX-License-Identifier: MIT */
/* Codes, their names, and the one way to report a failure. */
#include <stdarg.h>

#include "core/snn.h"

#define CODE_NAME(code, text) text,
static const char *const code_names[] = {SNN_CODES(CODE_NAME)};
#undef CODE_NAME

const char *snn_code_name(enum snn_code code)
{
    return (unsigned)code < SNN_CODE_COUNT ? code_names[code] : "unknown";
}

__attribute__((format(printf, 4, 0))) static void fill(struct snn_error *err, const char *pointer,
                                                       enum snn_code code, const char *format,
                                                       va_list args)
{
    if (!err || err->code != SNN_OK)
        return; /* the first failure is the cause; what follows is its consequence */
    err->code = code;
    snprintf(err->pointer, sizeof err->pointer, "%s", pointer);
    vsnprintf(err->message, sizeof err->message, format, args);
}

enum snn_code snn_fail(struct snn_error *err, enum snn_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, "", code, format, args);
    va_end(args);
    return code;
}

enum snn_code snn_fail_at(struct snn_error *err, const char *pointer, enum snn_code code,
                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, pointer, code, format, args);
    va_end(args);
    return code;
}
