// SPDX-License-Identifier: Apache-2.0
// After a restore: runs the image's hooks, for what in user space must not be the same in two machines of one snapshot.
// The kernel has reseeded itself before; the application runs meanwhile and is not waited for. docs/uniqueness.md.
#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOOKS "/etc/ignition/restore.d"
#define GENERATION "/sys/module/ignition/parameters/generation"
#define UEVENT "change@/devices/virtual/misc/ignition"

enum { UEVENT_GROUP = 1, UEVENT_BYTES_MAX = 8192, GENERATION_BYTES_MAX = 24 };

// One hook at a time; `names` are those of the generation that they run for.
static struct lines output = {.tag = 'h', .fd = -1};
static char *names[HOOKS_MAX];
static size_t name_count, next_name;
static pid_t running;
static bool again, timed_out;
static int uevents = -1, timer = -1, generation_fd = -1;
static char generation[GENERATION_BYTES_MAX];

// Returns whether it is another one than at the last call. The file stays open: the application may unmount /sys.
static bool read_generation(void) {
    char now[GENERATION_BYTES_MAX];
    ssize_t count = pread(generation_fd, now, sizeof now - 1, 0);
    if (count <= 0) return false;
    now[count] = 0;
    now[strcspn(now, "\n")] = 0;
    if (strcmp(now, generation) == 0) return false;
    strcpy(generation, now);
    return true;
}

// Before the application is started: it may be its start at which the machine is saved.
void restore_listen(void) {
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP};
    generation_fd = open(GENERATION, O_RDONLY | O_CLOEXEC);
    if (generation_fd >= 0) {
        uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
        timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (uevents < 0 || timer < 0 || bind(uevents, (struct sockaddr *)&address, sizeof address) < 0)
            console_line("! cannot listen for restores, their hooks will not run: %s", strerror(errno));
        read_generation();
    }
}

int restore_uevents(void) {
    return uevents;
}

int restore_timer(void) {
    return timer;
}

static int is_hook(const struct dirent *entry) {
    char path[PATH_MAX];
    struct stat status;
    if (entry->d_name[0] == '.') return 0;
    snprintf(path, sizeof path, HOOKS "/%s", entry->d_name);
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void list_hooks(void) {
    struct dirent **entries;
    int count = scandir(HOOKS, &entries, is_hook, by_bytes);
    while (name_count > 0) free(names[--name_count]);
    next_name = 0;
    if (count < 0) return;  // no directory: no hooks
    for (int i = 0; i < count; i++) {
        if (name_count < HOOKS_MAX) names[name_count++] = strdup(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (count > HOOKS_MAX) console_line("h more than %d hooks in " HOOKS ": the last are not run", HOOKS_MAX);
}

static void run(const char *name, int out, const struct config *config) {
    static char *variables[VARIABLES_MAX + 5];
    char path[PATH_MAX], variable[64];
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);

    setsid();  // so that all it started can be ended with it
    snprintf(path, sizeof path, HOOKS "/%s", name);
    snprintf(variable, sizeof variable, "IGNITION_GENERATION=%s", generation);
    memcpy(variables, config->variables, sizeof config->variables);
    variables[config->variable_count] = variable;
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || chdir("/") < 0) _exit(EXIT_CANNOT_RUN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, (char *[]){path, NULL}, variables);
    dprintf(2, "cannot run: %s\n", strerror(errno));
    _exit(EXIT_CANNOT_RUN);
}

static void arm(time_t seconds) {
    timerfd_settime(timer, 0, &(struct itimerspec){.it_value = {.tv_sec = seconds}}, NULL);
}

// Starts the next hook that can be started. Returns the descriptor of its output, -1 when there is none left.
static int start_next(const struct config *config) {
    while (next_name < name_count) {
        const char *name = names[next_name++];
        int pipe[2];
        if (!name || pipe2(pipe, O_CLOEXEC) < 0) continue;
        fcntl(pipe[0], F_SETFL, O_NONBLOCK);
        running = fork();
        if (running == 0) run(name, pipe[1], config);
        close(pipe[1]);
        if (running > 0) {
            output.fd = pipe[0];
            output.label = name;
            timed_out = false;
            arm(HOOK_SECONDS_MAX);
            return pipe[0];
        }
        console_line("h %s: cannot fork: %s", name, strerror(errno));
        running = 0;
        close(pipe[0]);
    }
    return -1;
}

// Messages of user space's making (a port that is not the kernel's) do not count.
static bool hear(void) {
    char message[UEVENT_BYTES_MAX];
    struct sockaddr_nl from;
    bool heard = false;
    for (;;) {
        socklen_t length = sizeof from;
        ssize_t count = recvfrom(uevents, message, sizeof message - 1, 0, (struct sockaddr *)&from, &length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == ENOBUFS) {  // lost some: ours may have been among them
            heard = true;
            continue;
        }
        if (count <= 0) return heard;
        message[count] = 0;
        if (from.nl_pid == 0 && strcmp(message, UEVENT) == 0) heard = true;
    }
}

int restore_heard(const struct config *config) {
    if (!hear() || !read_generation()) return -1;
    if (running) {  // saved in the middle of its hooks: they run once more for the new machine
        again = true;
        return -1;
    }
    list_hooks();
    return start_next(config);
}

void restore_output(void) {
    lines_forward(&output);
}

void restore_timeout(void) {
    uint64_t expirations;
    if (read(timer, &expirations, sizeof expirations) == sizeof expirations && running) {
        timed_out = true;
        kill(-running, SIGKILL);
    }
}

bool restore_is_hook(pid_t pid) {
    return running && pid == running;
}

int restore_ended(int status, const struct config *config) {
    while (lines_forward(&output)) {}
    lines_finish(&output);
    if (output.fd >= 0) close(output.fd);  // what it left running has to bring an output of its own
    output.fd = -1;
    running = 0;
    arm(0);
    if (timed_out) console_line("h %s: not done within %d s, killed", output.label, HOOK_SECONDS_MAX);
    else if (WIFSIGNALED(status)) console_line("h %s: ended by signal %d", output.label, WTERMSIG(status));
    else if (WEXITSTATUS(status)) console_line("h %s: exit code %d", output.label, WEXITSTATUS(status));
    if (again) {
        again = false;
        list_hooks();
    }
    return start_next(config);
}
