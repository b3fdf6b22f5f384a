// SPDX-License-Identifier: Apache-2.0
// Starts the application's process: a pipe for each output, its user, its limits, its program.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

// What the child tells through its close-on-exec pipe when it does not get as far as its program.
struct failure {
    char step[32];
    int error;
};

static void limit(int resource, rlim_t soft, rlim_t hard) {
    setrlimit(resource, &(struct rlimit){soft, hard});
}

// Many programs close every possible descriptor at their start, so the soft limit stays moderate.
static void set_limits(void) {
    limit(RLIMIT_NOFILE, 65536, 1048576);
    limit(RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY);
    limit(RLIMIT_CORE, 0, RLIM_INFINITY);
}

// Returns only when it failed. ELIBACC: the file is there, what should interpret or load it is not.
static int try(const char *path, const struct config *config) {
    execve(path, (char **)config->arguments, (char **)config->variables);
    int error = errno;
    return error == ENOENT && access(path, F_OK) == 0 ? ELIBACC : error;
}

// Searches PATH as a shell does, but never has the shell run a file without an interpreter. Returns an errno.
static int execute(const struct config *config) {
    const char *command = config->arguments[0];
    if (strchr(command, '/')) return try(command, config);
    int error = ENOENT;
    for (const char *entry = config_variable(config, "PATH"); entry;) {
        char path[PATH_MAX];
        int length = (int)strcspn(entry, ":");
        if (snprintf(path, sizeof path, "%.*s/%s", length ? length : 1, length ? entry : ".", command) < (int)sizeof path) {
            int reason = try(path, config);
            if (reason != ENOENT && reason != ENOTDIR) error = reason;
        }
        entry = entry[length] ? entry + length + 1 : NULL;
    }
    return error;
}

static void run(const struct config *config, const struct user *user, const int standard[3], int report) {
    struct failure failure = {.step = "set up"};
    sigset_t none;

    setsid();
    for (int i = 0; i < 3; i++)
        if (dup2(standard[i], i) < 0) goto failed;
    umask(022);
    set_limits();
    strcpy(failure.step, "enter the working directory");
    make_directories(config->cwd, 0755);
    if (chdir(config->cwd) < 0) goto failed;
    strcpy(failure.step, "become the user");
    if (setgroups(user->group_count, user->groups) < 0) goto failed;
    if (setresgid(user->gid, user->gid, user->gid) < 0) goto failed;
    if (setresuid(user->uid, user->uid, user->uid) < 0) goto failed;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    strcpy(failure.step, "run");
    errno = execute(config);
failed:
    failure.error = errno;
    if (write(report, &failure, sizeof failure) < 0) _exit(EXIT_CANNOT_RUN);
    _exit(EXIT_NOT_FOUND);
}

static void explain(const struct config *config, const struct failure *failure) {
    const char *command = config->arguments[0], *reason = strerror(failure->error);
    if (strcmp(failure->step, "run"))
        fail(EXIT_CANNOT_RUN, "cannot %s for '%s': %s (user '%s', working directory '%s')", failure->step, command, reason, config->user, config->cwd);
    if (failure->error == ELIBACC) fail(EXIT_NOT_FOUND, "cannot run '%s': its interpreter is not in the image", command);
    if (failure->error == ENOENT && strchr(command, '/')) fail(EXIT_NOT_FOUND, "cannot run '%s': no such file in the image", command);
    if (failure->error == ENOENT) fail(EXIT_NOT_FOUND, "cannot run '%s': not found in PATH %s", command, config_variable(config, "PATH"));
    fail(EXIT_CANNOT_RUN, "cannot run '%s': %s", command, reason);
}

// The application's user may open its own /dev/stdout and /dev/stderr again, as log files.
static void make_output(int ends[2], const struct user *user) {
    if (pipe2(ends, O_CLOEXEC) < 0) fail(EXIT_CANNOT_RUN, "cannot make a pipe: %s", strerror(errno));
    if (fchown(ends[1], user->uid, user->gid) < 0 || fchmod(ends[1], 0622) < 0) fail(EXIT_CANNOT_RUN, "cannot hand over a pipe: %s", strerror(errno));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

void spawn(struct child *child, const struct config *config, const struct user *user) {
    int output[2], error[2], report[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct failure failure;

    if (*config->cwd != '/') fail(EXIT_CANNOT_RUN, "working directory '%s' is not absolute", config->cwd);
    make_output(output, user);
    make_output(error, user);
    if (null < 0 || pipe2(report, O_CLOEXEC) < 0) fail(EXIT_CANNOT_RUN, "cannot open /dev/null: %s", strerror(errno));
    for (int i = 0; i < 3; i++) dup2(null, i);  // the kernel gave init its console there

    child->pid = fork();
    if (child->pid < 0) fail(EXIT_CANNOT_RUN, "cannot fork: %s", strerror(errno));
    if (child->pid == 0) run(config, user, (int[]){null, output[1], error[1]}, report[1]);

    close(output[1]);
    close(error[1]);
    close(report[1]);
    close(null);
    if (read(report[0], &failure, sizeof failure) == sizeof failure) explain(config, &failure);
    close(report[0]);
    child->output = output[0];
    child->error = error[0];
    console_line("s started %d", child->pid);
}
