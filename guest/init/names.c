// SPDX-License-Identifier: Apache-2.0
// Host name, /etc/hosts, /etc/resolv.conf.
#include "init.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void names_configure(const struct config *config) {
    char text[1024];
    const char *name = config->hostname;
    if (!*name || strlen(name) > HOSTNAME_BYTES_MAX || sethostname(name, strlen(name)) < 0)
        fail(EXIT_CANNOT_RUN, "hostname '%.80s' is not 1 to %d bytes long", name, HOSTNAME_BYTES_MAX);

    make_directories("/etc", 0755);
    snprintf(text, sizeof text, "%s\n", name);
    replace_file("/etc/hostname", text);

    int address = config->address ? (int)strcspn(config->address, "/") : 0;
    snprintf(text, sizeof text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n%.*s\t%s\n",
             address ? address : 9, address ? config->address : "127.0.0.1", name);
    replace_file("/etc/hosts", text);

    size_t length = 0;
    for (size_t i = 0; i < config->nameserver_count && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "nameserver %s\n", config->nameservers[i]);
    if (config->nameserver_count) replace_file("/etc/resolv.conf", text);
}
