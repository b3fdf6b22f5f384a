// SPDX-License-Identifier: Apache-2.0
// eth0 and TCP listeners, each of whose connections gets a process.
#include "traffic.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
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

struct frame {
    struct ether_header ether;
    union {
        struct __attribute__((packed)) {
            struct iphdr ip;
            struct udphdr udp;
            char mark[16];
        };
        struct __attribute__((packed)) {
            struct arphdr arp;
            unsigned char sender[6], sender_ip[4], target[6], target_ip[4];
            char arp_mark[16];
        };
    };
} __attribute__((packed));

static uint16_t ip_checksum(const struct iphdr *ip) {
    uint32_t sum = 0;
    for (size_t i = 0; i < sizeof *ip; i += 2) {
        uint16_t word;
        memcpy(&word, (const char *)ip + i, 2);
        sum += word;
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~(sum + (sum >> 16));
}

static void udp_frame(struct frame *frame, uint32_t source, const char *mark) {
    frame->ether.ether_type = htons(ETHERTYPE_IP);
    struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 1, .protocol = IPPROTO_UDP, .saddr = source, .daddr = INADDR_BROADCAST};
    ip.tot_len = htons(sizeof frame->ip + sizeof frame->udp + sizeof frame->mark);
    ip.check = ip_checksum(&ip);
    frame->ip = ip;
    frame->udp = (struct udphdr){.source = htons(9), .dest = htons(9), .len = htons(sizeof frame->udp + sizeof frame->mark)};
    snprintf(frame->mark, sizeof frame->mark, "%s", mark);
}

static void arp_frame(struct frame *frame, const unsigned char *mac, uint32_t source, const char *mark) {
    frame->ether.ether_type = htons(ETHERTYPE_ARP);
    frame->arp = (struct arphdr){htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), 6, 4, htons(ARPOP_REQUEST)};
    memcpy(frame->sender, mac, 6);
    memcpy(frame->sender_ip, &source, 4);
    memcpy(frame->target_ip, &source, 4);
    snprintf(frame->arp_mark, sizeof frame->arp_mark, "%s", mark);
}

// Sends past the IP stack, each with a mark: with another MAC address, with another IP address, an ARP request of another,
// and last two that are honest. All are taken; which of them leave the machine is for the host to see.
void network_spoof(char *text, size_t size) {
    const char *own_text = getenv("address");
    struct ifreq interface = {.ifr_name = "eth0"};
    int packets = (int)must(socket(AF_PACKET, SOCK_RAW, 0), "packet socket"), sent = 0;
    must(ioctl(packets, SIOCGIFHWADDR, &interface), "SIOCGIFHWADDR");
    unsigned char mac[6], other_mac[6];
    memcpy(mac, interface.ifr_hwaddr.sa_data, sizeof mac);
    memcpy(other_mac, mac, sizeof mac);
    other_mac[5] ^= 0x55;
    uint32_t own = inet_addr(own_text), other = own ^ htonl(0x0100);
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
    memset(to.sll_addr, 0xff, 6);
    must(ioctl(packets, SIOCGIFINDEX, &interface), "SIOCGIFINDEX");
    to.sll_ifindex = interface.ifr_ifindex;
    for (int kind = 0; kind < 5; kind++) {
        struct frame frame = {0};
        memset(frame.ether.ether_dhost, 0xff, 6);
        memcpy(frame.ether.ether_shost, kind == 0 ? other_mac : mac, 6);
        switch (kind) {
        case 0: udp_frame(&frame, own, "<other mac>"); break;
        case 1: udp_frame(&frame, other, "<other ip>"); break;
        case 2: arp_frame(&frame, mac, other, "<other arp>"); break;
        case 3: arp_frame(&frame, mac, own, "<own arp>"); break;
        case 4: udp_frame(&frame, own, "<own ip>"); break;
        }
        if (must(sendto(packets, &frame, sizeof frame, 0, (struct sockaddr *)&to, sizeof to), "send a frame") == sizeof frame) sent++;
    }
    close(packets);
    snprintf(text, size, "sent=%d", sent);
}
