/* SPDX-License-Identifier: MIT */
/* RFC 6750: what is missing is a 401 that says how to ask, what is not enough a 403 that says which
 * scope would be. A right token is never throttled, wrong ones are, by address. */
#include "api/auth.h"

#include <string.h>
#include <strings.h>

#include "server/meter.h"

#define REALM "Bearer realm=\"spiked\""

/* The secret in the header, NULL where there is none of the kind. */
static const char *bearer(const struct srv_request *req)
{
    static const char scheme[] = "Bearer ";
    const char *value = srv_request_header(req, "Authorization");

    if (!value || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
        return NULL;
    value += sizeof scheme - 1;
    return value + strspn(value, " ");
}

static bool refuse_stranger(struct api_call *c, bool wrong)
{
    struct srv_throttle *guesses = c->api->options.guesses;
    unsigned wait = 0;

    srv_count(SRV_COUNTER_rejected_token, 1);
    if (wrong && guesses && !srv_throttle_take(guesses, c->req->peer, &wait)) {
        srv_response_header(c->res, "Retry-After", "%u", wait);
        api_problem(c, 429, "too_many_wrong_tokens",
                    "too many wrong tokens came from this address, want %u s of patience", wait);
        return false;
    }
    srv_response_header(c->res, "WWW-Authenticate", "%s%s", REALM,
                        wrong ? ", error=\"invalid_token\"" : "");
    if (wrong)
        api_problem(c, 401, "invalid_token", "the token is none that this server knows");
    else
        api_problem(c, 401, "unauthorized", "want a token: Authorization: Bearer spk_...");
    return false;
}

bool api_authorize(struct api_call *c, enum api_access want)
{
    struct srv_tokens *tokens = c->api->options.tokens;
    enum srv_scope needed = want == API_READ    ? SRV_SCOPE_read
                            : want == API_WRITE ? SRV_SCOPE_write
                                                : SRV_SCOPE_admin;
    enum srv_scope scope = SRV_SCOPE_read;
    const char *secret = bearer(c->req);

    if (want == API_OPEN || !tokens || !srv_tokens_required(tokens))
        return true;
    if (!secret || !srv_tokens_find(tokens, secret, c->token, &scope))
        return refuse_stranger(c, secret != NULL);
    if (scope >= needed)
        return true;
    srv_count(SRV_COUNTER_rejected_scope, 1);
    srv_response_header(c->res, "WWW-Authenticate",
                        "%s, error=\"insufficient_scope\", scope=\"%s\"", REALM,
                        srv_scope_name(needed));
    api_problem(c, 403, "insufficient_scope", "the token %s has the scope %s, want %s", c->token,
                srv_scope_name(scope), srv_scope_name(needed));
    return false;
}
