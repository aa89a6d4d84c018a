/* Numeric text throughout: a peer's name is never looked up. */
#include "address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ridgeline/log.h"

socklen_t address_resolve(const struct units_address *from, int type, struct sockaddr_storage *to)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = type, .ai_flags = AI_PASSIVE}, *found;
    char port[8];
    snprintf(port, sizeof port, "%u", from->port);
    int error = getaddrinfo(from->host, port, &hints, &found);
    if (error != 0) {
        log_error("address_unknown", "host=%s reason=\"%s\"", from->host, gai_strerror(error));
        return 0;
    }
    socklen_t len = found->ai_addrlen;
    memcpy(to, found->ai_addr, len);
    freeaddrinfo(found);
    return len;
}

static void host_of(const struct sockaddr_storage *from, char host[INET6_ADDRSTRLEN])
{
    static const char mapped[] = "::ffff:";
    *host = '\0';
    if (from->ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, host, INET6_ADDRSTRLEN);
        return;
    }
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)from)->sin6_addr;
    inet_ntop(AF_INET6, in6, host, INET6_ADDRSTRLEN);
    if (IN6_IS_ADDR_V4MAPPED(in6))
        memmove(host, host + sizeof mapped - 1, strlen(host + sizeof mapped - 1) + 1);
}

void address_text(const struct sockaddr_storage *from, char text[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN];
    host_of(from, host);
    if (from->ss_family == AF_INET)
        snprintf(text, ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(((const struct sockaddr_in *)from)->sin_port));
    else
        snprintf(text, ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(((const struct sockaddr_in6 *)from)->sin6_port));
}

void address_host(const struct sockaddr_storage *from, char text[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN];
    host_of(from, host);
    snprintf(text, ADDRESS_TEXT_MAX, "%s", host);
}
