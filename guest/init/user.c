// SPDX-License-Identifier: Apache-2.0
// Resolves the OCI user string, "name|uid[:group|gid]", by the image's own /etc/passwd and /etc/group.
#include "init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 7 };
static const long ID_MAX = 0xfffffffeL;

// Splits a line at its colons; the last field takes what is left. Returns how many fields there are.
static size_t split(char *line, char *fields[FIELDS_MAX]) {
    size_t count = 0;
    line[strcspn(line, "\n")] = 0;
    while (count < FIELDS_MAX) {
        fields[count++] = line;
        char *colon = strchr(line, ':');
        if (!colon || count == FIELDS_MAX) break;
        *colon = 0;
        line = colon + 1;
    }
    return count;
}

// Whether the account database entry (name, id) is what the user means by `wanted`: a number is always an id.
static bool is_meant(const char *wanted, const char *name, long id) {
    long number;
    return parse_number(wanted, ID_MAX, &number) ? number == id : !strcmp(wanted, name);
}

// Fills in uid, gid, home; `name` gets the account's name. Returns whether /etc/passwd has it.
static bool find_account(struct user *user, const char *wanted, char *name, size_t size) {
    char line[ACCOUNT_LINE_MAX], *fields[FIELDS_MAX];
    FILE *file = fopen("/etc/passwd", "re");
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        long uid, gid;
        if (split(line, fields) < 6 || !parse_number(fields[2], ID_MAX, &uid) || !parse_number(fields[3], ID_MAX, &gid)) continue;
        if (!is_meant(wanted, fields[0], uid)) continue;
        user->uid = (uid_t)uid;
        user->gid = (gid_t)gid;
        snprintf(user->home, sizeof user->home, "%s", *fields[5] ? fields[5] : "/");
        snprintf(name, size, "%s", fields[0]);
        found = true;
    }
    if (file) fclose(file);
    return found;
}

static bool is_member(char *members, const char *name) {
    for (char *rest = members, *member; (member = strsep(&rest, ","));)
        if (!strcmp(member, name)) return true;
    return false;
}

// With `wanted`: finds that group. Without: collects all groups that `name` is a member of.
static bool find_groups(struct user *user, const char *wanted, const char *name) {
    char line[ACCOUNT_LINE_MAX], *fields[FIELDS_MAX];
    FILE *file = fopen("/etc/group", "re");
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        long gid;
        if (split(line, fields) < 4 || !parse_number(fields[2], ID_MAX, &gid)) continue;
        if (wanted) {
            found = is_meant(wanted, fields[0], gid);
            if (found) user->gid = (gid_t)gid;
        } else if (*name && user->group_count < GROUPS_MAX && is_member(fields[3], name)) {
            user->groups[user->group_count++] = (gid_t)gid;
        }
    }
    if (file) fclose(file);
    return found;
}

void user_resolve(struct user *user, const char *specification) {
    char wanted[256], name[256] = "";
    long number;
    if (strlen(specification) >= sizeof wanted) fail(EXIT_CANNOT_RUN, "user '%.40s…' is too long", specification);
    strcpy(wanted, specification);
    char *group = strchr(wanted, ':');
    if (group) *group++ = 0;

    *user = (struct user){.home = "/"};
    const char *account = *wanted ? wanted : "0";
    if (!find_account(user, account, name, sizeof name)) {
        if (!parse_number(account, ID_MAX, &number))
            fail(EXIT_CANNOT_RUN, "user '%s' is not in the image's /etc/passwd: use one that is, or a number", account);
        user->uid = (uid_t)number;
        if (number == 0) strcpy(user->home, "/root");
    }
    if (!group || !*group) {
        find_groups(user, NULL, name);
    } else if (!find_groups(user, group, NULL)) {
        if (!parse_number(group, ID_MAX, &number))
            fail(EXIT_CANNOT_RUN, "group '%s' is not in the image's /etc/group: use one that is, or a number", group);
        user->gid = (gid_t)number;
    }
}
