/* SPDX-License-Identifier: MIT */
/* The commands about tokens. The file is read again by a daemon that runs: they need no lock. */
#include "server/files.h"
#include "server/offline.h"
#include "server/token_file.h"

#include <stdlib.h>

enum snn_code srv_offline_token_add(const struct srv_offline_call *call, struct snn_error *err)
{
    const char *scope_name = call->operand[1] ? call->operand[1] : "write";
    char secret[SRV_TOKEN_SIZE];
    enum srv_scope scope;
    enum snn_code rc = srv_scope_find(&scope, scope_name, err);

    if (rc == SNN_OK && !call->config->tokens_given)
        rc = srv_dir_make(call->config->data_dir, err);
    if (rc == SNN_OK)
        rc = srv_token_add(secret, call->config->tokens, call->operand[0], scope, err);
    if (rc == SNN_OK)
        fprintf(call->out, "%s\n", secret);
    return rc;
}

enum snn_code srv_offline_token_list(const struct srv_offline_call *call, struct snn_error *err)
{
    struct srv_token *list = NULL;
    size_t n = 0;
    enum snn_code rc = srv_token_read(&list, &n, call->config->tokens, err);

    for (size_t i = 0; i < n; i++)
        fprintf(call->out, "%-32s %s\n", list[i].name, srv_scope_name(list[i].scope));
    free(list);
    return rc;
}

enum snn_code srv_offline_token_remove(const struct srv_offline_call *call, struct snn_error *err)
{
    return srv_token_remove(call->config->tokens, call->operand[0], err);
}
