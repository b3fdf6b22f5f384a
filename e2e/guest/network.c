// SPDX-License-Identifier: Apache-2.0
// eth0 and TCP listeners, each of whose connections gets a process.
#include "traffic.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

void network_up(void) {
    const char *text = getenv("address");
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (!text || inet_pton(AF_INET, text, &address.sin_addr) != 1) fault("no address=a.b.c.d");
    int control = (int)must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    struct ifreq interface = {.ifr_name = "eth0"};
    memcpy(&interface.ifr_addr, &address, sizeof address);
    must(ioctl(control, SIOCSIFADDR, &interface), "SIOCSIFADDR");
    address.sin_addr.s_addr = htonl(0xfffffffc);
    memcpy(&interface.ifr_netmask, &address, sizeof address);
    must(ioctl(control, SIOCSIFNETMASK, &interface), "SIOCSIFNETMASK");
    interface.ifr_flags = IFF_UP | IFF_RUNNING;
    must(ioctl(control, SIOCSIFFLAGS, &interface), "SIOCSIFFLAGS");
    close(control);
}

int listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1, listener = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    must(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "SO_REUSEADDR");
    must(bind(listener, (struct sockaddr *)&address, sizeof address), "bind");
    must(listen(listener, 64), "listen");
    return listener;
}

void serve(int listener, void (*connection)(int socket)) {
    signal(SIGCHLD, SIG_IGN);  // no zombies
    for (;;) {
        int socket = (int)must(accept(listener, NULL, NULL), "accept");
        if (must(fork(), "fork") == 0) {
            close(listener);
            connection(socket);
            _exit(0);
        }
        close(socket);
    }
}
