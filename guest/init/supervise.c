// SPDX-License-Identifier: Apache-2.0
// The event loop: application output to the host, signals to the application, orphans to their end.
#include "init.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum source { SIGNALS, CONSOLE, OUTPUT, ERROR, RESTORES, HOOK_OUTPUT, HOOK_TIMER };

static struct lines output = {.tag = 'o'}, error = {.tag = 'e'};
static pid_t application;

// A descriptor that is closed leaves by itself.
static void watch(int epoll, int fd, enum source source) {
    if (fd < 0) return;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail(EXIT_CANNOT_RUN, "cannot watch a descriptor: %s", strerror(errno));
}

// The application ended: nothing of it may outlive it, and all it has written is told first.
static void finish(int status) __attribute__((noreturn));
static void finish(int status) {
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {}
    while (lines_forward(&output)) {}
    while (lines_forward(&error)) {}
    lines_finish(&output);
    lines_finish(&error);
    if (WIFSIGNALED(status)) console_line("x signal %d", WTERMSIG(status));
    else console_line("x exit %d", WEXITSTATUS(status));
    power_off();
}

static void reap(int epoll, const struct config *config) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == application) finish(status);
        if (restore_is_hook(pid)) watch(epoll, restore_ended(status, config), HOOK_OUTPUT);
    }
}

static void take_signals(int epoll, int signals, const struct config *config) {
    struct signalfd_siginfo information;
    while (read(signals, &information, sizeof information) == sizeof information) {
        int number = (int)information.ssi_signo;
        if (number == SIGCHLD) reap(epoll, config);
        else kill(application, number == SIGTERM ? config->stop_signal : number);
    }
}

// "signal N" is the one command there is.
static void obey(const char *command) {
    long number;
    if (strncmp(command, "signal ", 7) == 0 && parse_number(command + 7, SIGRTMAX, &number) && number > 0) kill(application, (int)number);
    else console_line("! unknown command '%.40s' from the host", command);
}

static void take_commands(int epoll) {
    static char line[COMMAND_MAX];
    static size_t length;
    char bytes[COMMAND_MAX];
    ssize_t count = read(console_fd(), bytes, sizeof bytes);
    if (count <= 0) epoll_ctl(epoll, EPOLL_CTL_DEL, console_fd(), NULL);  // hung up: never spin on it
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] != '\n') {
            if (length < sizeof line - 1) line[length++] = bytes[i];
            continue;
        }
        line[length] = 0;
        length = 0;
        obey(line);
    }
}

void supervise(const struct child *child, const struct config *config) {
    sigset_t all;
    sigfillset(&all);
    int epoll = epoll_create1(EPOLL_CLOEXEC), signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (epoll < 0 || signals < 0) fail(EXIT_CANNOT_RUN, "cannot make the event loop: %s", strerror(errno));
    application = child->pid;
    output.fd = child->output;
    error.fd = child->error;
    watch(epoll, signals, SIGNALS);
    watch(epoll, console_fd(), CONSOLE);
    watch(epoll, output.fd, OUTPUT);
    watch(epoll, error.fd, ERROR);
    watch(epoll, restore_uevents(), RESTORES);
    watch(epoll, restore_timer(), HOOK_TIMER);
    for (;;) {
        struct epoll_event events[8];
        int count = epoll_wait(epoll, events, 8, -1);
        for (int i = 0; i < count; i++) {
            switch ((enum source)events[i].data.u32) {
                case SIGNALS: take_signals(epoll, signals, config); break;
                case CONSOLE: take_commands(epoll); break;
                case OUTPUT: lines_forward(&output); break;
                case ERROR: lines_forward(&error); break;
                case RESTORES: watch(epoll, restore_heard(config), HOOK_OUTPUT); break;
                case HOOK_OUTPUT: restore_output(); break;
                case HOOK_TIMER: restore_timeout(); break;
            }
        }
    }
}
