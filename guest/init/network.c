// SPDX-License-Identifier: Apache-2.0
// lo and eth0: address, default route, and the gateway as a permanent neighbour, so that the first answer after a wake
// needs no ARP exchange. By ioctl: netdevice(7), rtentry in <net/route.h>, arp(7).
#include "init.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int control;

static void request(unsigned long number, void *argument, const char *what) {
    if (ioctl(control, number, argument) < 0) fail(EXIT_CANNOT_RUN, "cannot %s: %s", what, strerror(errno));
}

static struct in_addr parse_address(const char *text, const char *what) {
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1) fail(EXIT_CANNOT_RUN, "%s '%.40s' is not an IPv4 address", what, text);
    return address;
}

static void put(struct sockaddr *where, struct in_addr address) {
    struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr = address};
    memcpy(where, &inet, sizeof inet);
}

static void bring_up(const char *name) {
    struct ifreq interface = {.ifr_flags = 0};
    strcpy(interface.ifr_name, name);
    request(SIOCGIFFLAGS, &interface, "find the network interface");
    interface.ifr_flags |= IFF_UP;
    request(SIOCSIFFLAGS, &interface, "bring the network interface up");
}

// "a.b.c.d/prefix"
static void set_address(const char *text) {
    char address[INET_ADDRSTRLEN] = "";
    long prefix;
    size_t length = strcspn(text, "/");
    if (length >= sizeof address || text[length] != '/' || !parse_number(text + length + 1, 32, &prefix))
        fail(EXIT_CANNOT_RUN, "address '%.40s' is not a.b.c.d/prefix", text);
    memcpy(address, text, length);

    struct ifreq interface = {.ifr_name = "eth0"};
    put(&interface.ifr_addr, parse_address(address, "address"));
    request(SIOCSIFADDR, &interface, "set the address of eth0");
    put(&interface.ifr_netmask, (struct in_addr){htonl(prefix ? ~0u << (32 - prefix) : 0)});
    request(SIOCSIFNETMASK, &interface, "set the netmask of eth0");
}

static void set_gateway(struct in_addr gateway) {
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
    put(&route.rt_dst, (struct in_addr){0});
    put(&route.rt_genmask, (struct in_addr){0});
    put(&route.rt_gateway, gateway);
    request(SIOCADDRT, &route, "set the default route");
}

static void set_neighbour(struct in_addr gateway, const char *text) {
    struct arpreq neighbour = {.arp_flags = ATF_PERM | ATF_COM, .arp_dev = "eth0", .arp_ha.sa_family = ARPHRD_ETHER};
    unsigned char *mac = (unsigned char *)neighbour.arp_ha.sa_data;
    char rest;
    if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5, &rest) != 6)
        fail(EXIT_CANNOT_RUN, "gateway-mac '%.40s' is not an Ethernet address", text);
    put(&neighbour.arp_pa, gateway);
    request(SIOCSARP, &neighbour, "set the gateway's neighbour entry");
}

void network_configure(const struct config *config) {
    control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0) fail(EXIT_CANNOT_RUN, "cannot open a socket: %s", strerror(errno));
    bring_up("lo");
    // As container engines do: ports below 1024 and ping need no privilege.
    write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    write_file("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
    if (config->address) {
        // The network is IPv4: no router solicitations and multicast reports that would look like traffic.
        write_file("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", "1");
        set_address(config->address);
        bring_up("eth0");
        if (config->gateway) {
            struct in_addr gateway = parse_address(config->gateway, "gateway");
            if (config->gateway_mac) set_neighbour(gateway, config->gateway_mac);
            set_gateway(gateway);
        }
    }
    close(control);
}
