// SPDX-License-Identifier: Apache-2.0
// Reads /ignition/config: records "key=value", each terminated by NUL. The file stays in memory, values point into it.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[CONFIG_BYTES_MAX + 1];

static size_t read_all(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail(EXIT_CANNOT_RUN, "cannot open %s: %s", path, strerror(errno));
    size_t length = 0;
    for (;;) {
        ssize_t count = read(fd, text + length, sizeof text - length);
        if (count < 0) fail(EXIT_CANNOT_RUN, "cannot read %s: %s", path, strerror(errno));
        if (count == 0) break;
        length += (size_t)count;
        if (length > CONFIG_BYTES_MAX) fail(EXIT_CANNOT_RUN, "%s is larger than %d bytes", path, CONFIG_BYTES_MAX);
    }
    close(fd);
    return length;
}

static void add(char **list, size_t *count, size_t maximum, const char *key, char *value) {
    if (*count == maximum) fail(EXIT_CANNOT_RUN, "more than %zu '%s' records", maximum, key);
    list[(*count)++] = value;
}

static void set_stop_signal(struct config *config, const char *value) {
    long number;
    if (!parse_number(value, SIGRTMAX, &number) || number == 0) fail(EXIT_CANNOT_RUN, "stop-signal '%s' is no signal number", value);
    config->stop_signal = (int)number;
}

// A later value of the same name wins, as in an OCI configuration that a user's --env adds to.
static void set_variable(struct config *config, char *value) {
    size_t name = strcspn(value, "=");
    if (value[name] != '=' || name == 0) fail(EXIT_CANNOT_RUN, "env '%s' is not NAME=VALUE", value);
    for (size_t i = 0; i < config->variable_count; i++) {
        if (strncmp(config->variables[i], value, name + 1) == 0) {
            config->variables[i] = value;
            return;
        }
    }
    add(config->variables, &config->variable_count, VARIABLES_MAX, "env", value);
}

static void apply(struct config *config, const char *key, char *value) {
    if (!strcmp(key, "hostname")) config->hostname = value;
    else if (!strcmp(key, "address")) config->address = value;
    else if (!strcmp(key, "gateway")) config->gateway = value;
    else if (!strcmp(key, "gateway-mac")) config->gateway_mac = value;
    else if (!strcmp(key, "nameserver")) {
        if (config->nameserver_count < NAMESERVERS_MAX) config->nameservers[config->nameserver_count++] = value;
    } else if (!strcmp(key, "arg")) add(config->arguments, &config->argument_count, ARGUMENTS_MAX, key, value);
    else if (!strcmp(key, "env")) set_variable(config, value);
    else if (!strcmp(key, "cwd")) config->cwd = value;
    else if (!strcmp(key, "user")) config->user = value;
    else if (!strcmp(key, "stop-signal")) set_stop_signal(config, value);
    else if (!strcmp(key, "root")) config->root = value;
    else if (!strcmp(key, "rootfs")) config->rootfs = value;
    else if (strcmp(key, "trigger")) console_line("! unknown key '%s' in the configuration is ignored", key);
}

void config_read(struct config *config, const char *path) {
    *config = (struct config){.hostname = "ignition", .cwd = "/", .user = "", .root = "/dev/vda", .rootfs = "squashfs", .stop_signal = SIGTERM};
    char *end = text + read_all(path);
    for (char *record = text; record < end;) {
        char *stop = memchr(record, 0, (size_t)(end - record));
        if (!stop) fail(EXIT_CANNOT_RUN, "%s ends in the middle of a record", path);
        char *equals = strchr(record, '=');
        if (!equals) fail(EXIT_CANNOT_RUN, "record '%.40s' in %s is not key=value", record, path);
        *equals = 0;
        apply(config, record, equals + 1);
        record = stop + 1;
    }
    if (config->argument_count == 0 || !*config->arguments[0]) fail(EXIT_NOT_FOUND, "the image names no command: give one on the command line");
}

const char *config_variable(const struct config *config, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < config->variable_count; i++) {
        const char *variable = config->variables[i];
        if (strncmp(variable, name, length) == 0 && variable[length] == '=') return variable + length + 1;
    }
    return NULL;
}

void config_default_variable(struct config *config, const char *name, const char *value) {
    char *variable;
    if (config_variable(config, name)) return;
    if (asprintf(&variable, "%s=%s", name, value) < 0) fail(EXIT_CANNOT_RUN, "out of memory");
    config->variables[config->variable_count++] = variable;  // three places are reserved
}
