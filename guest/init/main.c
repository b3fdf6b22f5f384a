// SPDX-License-Identifier: Apache-2.0
// PID 1 of an Ignition guest: makes of a root image and a configuration what a container's process expects to find,
// starts it, hands its output and its end to the host. One screen; every step is a file of its own.
#include "init.h"

#include <signal.h>
#include <sys/stat.h>

int main(void) {
    static struct config config;
    static struct user user;
    struct child child;
    sigset_t all;

    umask(022);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);  // supervise() reads them, spawn() unblocks them in the child

    console_open();
    config_read(&config, "/ignition/config");
    dev_t doorbell = devices_doorbell();
    root_enter(&config);
    pseudo_file_systems_mount();
    devices_populate(doorbell);
    names_configure(&config);
    network_configure(&config);
    user_resolve(&user, config.user);
    config_default_variable(&config, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    config_default_variable(&config, "HOSTNAME", config.hostname);
    config_default_variable(&config, "HOME", user.home);
    restore_listen();
    spawn(&child, &config, &user);
    supervise(&child, &config);
}
