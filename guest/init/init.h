// SPDX-License-Identifier: Apache-2.0
// Ignition's PID 1: what its files know of each other.
#ifndef IGNITION_INIT_H
#define IGNITION_INIT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// ---- limits: everything read from outside is bounded by one of these
enum {
    CONFIG_BYTES_MAX = 1 << 20,  // of /ignition/config
    ARGUMENTS_MAX = 4096,        // "arg" records
    VARIABLES_MAX = 4096,        // "env" records
    NAMESERVERS_MAX = 3,         // what resolv.conf knows
    GROUPS_MAX = 1024,           // supplementary groups
    ACCOUNT_LINE_MAX = 8192,     // a line of /etc/passwd or /etc/group
    LINE_PAYLOAD_MAX = 16384,    // bytes of one output line to the host
    COMMAND_MAX = 256,           // bytes of one line from the host
    HOSTNAME_BYTES_MAX = 64,
    HOOKS_MAX = 64,              // hooks that run after a restore
    HOOK_SECONDS_MAX = 10,       // that one of them may take
};

// Exit codes as shells and container engines use them.
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

// ---- config.c: what the daemon wants, contract "daemon <-> init"
struct config {
    const char *hostname, *address, *gateway, *gateway_mac;
    const char *nameservers[NAMESERVERS_MAX];
    size_t nameserver_count;
    char *arguments[ARGUMENTS_MAX + 1];
    size_t argument_count;
    char *variables[VARIABLES_MAX + 4];  // and three defaults, and NULL
    size_t variable_count;
    const char *cwd, *user, *root, *rootfs;
    int stop_signal;
};
void config_read(struct config *config, const char *path);
const char *config_variable(const struct config *config, const char *name);
void config_default_variable(struct config *config, const char *name, const char *value);

// ---- console.c: the line channel to the host
void console_open(void);
int console_fd(void);
void console_write(const char *bytes, size_t length);
void console_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_drain(void);

// ---- end.c: the ways out
void fail(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
void power_off(void) __attribute__((noreturn));

// ---- files.c
bool write_file(const char *path, const char *text);
void replace_file(const char *path, const char *text);
void make_directories(const char *path, mode_t mode);
bool parse_number(const char *text, long maximum, long *value);

// ---- root.c, devices.c: the file system tree that the application sees
void root_enter(const struct config *config);
void pseudo_file_systems_mount(void);
dev_t devices_doorbell(void);
void devices_populate(dev_t doorbell);

// ---- network.c, names.c
void network_configure(const struct config *config);
void names_configure(const struct config *config);

// ---- user.c: whom the application runs as
struct user {
    uid_t uid;
    gid_t gid;
    gid_t groups[GROUPS_MAX];
    size_t group_count;
    char home[ACCOUNT_LINE_MAX];
};
void user_resolve(struct user *user, const char *specification);

// ---- spawn.c: the application's process
struct child {
    pid_t pid;
    int output, error;  // read ends of its stdout and stderr
};
void spawn(struct child *child, const struct config *config, const struct user *user);

// ---- lines.c: a byte stream becomes lines for the host
struct lines {
    char tag;           // 'o', 'e' or 'h'
    int fd;             // -1: at its end
    const char *label;  // stands before each line, or NULL
    size_t length;
    char payload[LINE_PAYLOAD_MAX];
};
bool lines_forward(struct lines *lines);
void lines_finish(struct lines *lines);

// ---- restore.c: hooks after a restore. What returns a descriptor to watch returns -1 when there is none
void restore_listen(void);
int restore_uevents(void);
int restore_timer(void);
int restore_heard(const struct config *config);
void restore_output(void);
void restore_timeout(void);
bool restore_is_hook(pid_t pid);
int restore_ended(int status, const struct config *config);

// ---- supervise.c: until the application ends
void supervise(const struct child *child, const struct config *config) __attribute__((noreturn));

#endif
