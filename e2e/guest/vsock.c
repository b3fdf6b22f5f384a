// SPDX-License-Identifier: Apache-2.0
// The same streams over AF_VSOCK, past the network: one that the host connects and one that the guest connects. They are
// open for as long as the guest lives; the end of one is a fault, also that of a transport that was reset.
#include "traffic.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <linux/vm_sockets.h>

enum { ACCEPTED, CONNECTED };

int vsock_listen(void) {
    struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = VSOCK_PORT};
    int listener = (int)must(socket(AF_VSOCK, SOCK_STREAM, 0), "vsock socket");
    must(bind(listener, (struct sockaddr *)&address, sizeof address), "vsock bind");
    must(listen(listener, 8), "vsock listen");
    return listener;
}

static _Noreturn void run(int socket, uint64_t number, struct stream_counters *seen) {
    stream(socket, salt(SALT_VSOCK_UP, number), salt(SALT_VSOCK_DOWN, number), seen);
    fault("vsock stream %d ended", (int)number);
}

void vsock_connection(int socket) { run(socket, ACCEPTED, &counters->vsock_accepted); }

void vsock_connector(int number) {
    (void)number;
    struct sockaddr_vm host = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = VSOCK_HOST_PORT};
    int stream = (int)must(socket(AF_VSOCK, SOCK_STREAM, 0), "vsock socket");
    // The kernel's own limit is two seconds, little on a host that has other work.
    struct timeval limit = {.tv_sec = 60};
    must(setsockopt(stream, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit, sizeof limit), "vsock connect timeout");
    must(connect(stream, (struct sockaddr *)&host, sizeof host), "vsock connect");
    run(stream, CONNECTED, &counters->vsock_connected);
}
