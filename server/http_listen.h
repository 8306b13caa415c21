/* SPDX-License-Identifier: MIT */
/* Where to listen: "127.0.0.1:8080", "[::1]:0", "0.0.0.0:80", "localhost:8080". No name is looked
 * up, so the address is what was written; localhost is 127.0.0.1. */
#ifndef SPIKED_SERVER_HTTP_LISTEN_H
#define SPIKED_SERVER_HTTP_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "core/snn.h"

#define SRV_ADDRESS_SIZE 64

struct srv_listen {
    struct sockaddr_storage address;
    socklen_t size;
    char host[SRV_ADDRESS_SIZE]; /* as written, without brackets */
};

/* @thread any */
enum snn_code srv_listen_parse(struct srv_listen *out, const char *text, struct snn_error *err);
/* A listening, non-blocking socket, the caller's to close. */
enum snn_code srv_listen_open(int *out, const struct srv_listen *at, struct snn_error *err);
/* "127.0.0.1:41873": where a socket listens, with the port it really has; "" when it cannot be
 * told. */
void srv_listen_name(char out[SRV_ADDRESS_SIZE], int fd);
/* The address of a client, without its port. */
void srv_listen_peer(char out[INET6_ADDRSTRLEN], const struct sockaddr *address);

#endif
