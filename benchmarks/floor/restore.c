/*
 * The floor under Ignition's restore: the same KVM calls and page touches, in C, with nothing around them.
 *
 *   restore SCRIPT MEMORY COUNT    restores COUNT machines and prints a table of the stages, in microseconds
 *   restore SCRIPT MEMORY -        restores one machine for each line on standard input and answers with a line: the
 *                                  nanoseconds from the start to the end of each stage, in the order of STAGE_NAMES.
 *                                  A line "shell" has VM to lines made before the clock starts, on reserved addresses,
 *                                  over which the memory is mapped then: what a pool of such shells leaves of a restore
 *
 * MEMORY is a snapshot's memory file. SCRIPT holds the rest of it as the calls to make, in their order; FloorScript.java
 * writes it: "IGNFLOOR", then steps of a header (four u32: operation, argument, bytes of payload, 0) and a payload that
 * is padded to 8 bytes, all little-endian. Both files are opened and read for every machine, as a wake does. The clock
 * stops at the guest's first port write; taking the machine down is not timed, as Ignition does it in the background.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum operation {
    OP_STAGE = 1,         /* the stage with this number ends here */
    OP_CREATE_VM = 2,     /* KVM_CREATE_VM; payload: TSS address, identity map address */
    OP_MEMORY = 3,        /* a memory slot; argument: its number; payload: gpa, offset in MEMORY, bytes */
    OP_CREATE_CHIPS = 4,  /* KVM_CREATE_IRQCHIP, KVM_CREATE_PIT2; argument: the PIT's flags */
    OP_CREATE_VCPU = 5,   /* KVM_CREATE_VCPU, its mapping, KVM_SET_CPUID2; payload: struct kvm_cpuid2 */
    OP_IOEVENTFD = 6,     /* an eventfd; argument: datamatch; payload: address, bytes of the write */
    OP_VM_IOCTL = 7,      /* argument: index into VM_REQUESTS; payload: its struct */
    OP_VCPU_IOCTL = 8,    /* argument: index into VCPU_REQUESTS; payload: its struct; on the vCPU made last */
    OP_MSRS = 9,          /* KVM_SET_MSRS; payload: struct kvm_msr_entry, any number */
    OP_GET_TSC_KHZ = 10,  /* KVM_GET_TSC_KHZ */
    OP_KVMCLOCK_CTRL = 11 /* KVM_KVMCLOCK_CTRL */
};

static const unsigned long VM_REQUESTS[] = {KVM_SET_IRQCHIP, KVM_SET_PIT2, KVM_SET_CLOCK};
static const unsigned long VCPU_REQUESTS[] = {KVM_SET_SREGS, KVM_SET_REGS,        KVM_SET_XCRS,  KVM_SET_XSAVE,
                                              KVM_SET_DEBUGREGS, KVM_SET_LAPIC, KVM_SET_VCPU_EVENTS, KVM_SET_MP_STATE};

static const char *const STAGE_NAMES[] = {"read", "map", "slot", "chips", "vcpu", "lines", "state", "run"};

enum {
    STAGE_READ = 0,
    STAGE_MAP = 1,
    STAGE_LINES = 5,
    STAGE_RUN = 7,
    STAGES = 8,
    MAX_FDS = 64,
    MAX_MSRS_PER_CALL = 255, /* KVM refuses 256 */
    MAX_SCRIPT = 1 << 20,
    MAX_ARGUMENT = 63,
    HEADER = 16
};

struct step {
    uint32_t operation, argument, bytes, zero;
};

struct machine {
    int vm, vcpu;
    struct kvm_run *run;
    char *memory;
    size_t memory_bytes;
    int fds[MAX_FDS];
    int fd_count;
};

static int kvm;
static size_t run_bytes;

static void die(const char *what) {
    fprintf(stderr, "restore: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int check(int result, const char *what) {
    if (result < 0) {
        die(what);
    }
    return result;
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int keep(struct machine *m, int fd) {
    if (m->fd_count == MAX_FDS) {
        errno = EMFILE;
        die("too many lines in the script");
    }
    m->fds[m->fd_count++] = fd;
    return fd;
}

static void create_vcpu(struct machine *m, unsigned long id, const char *cpuid) {
    m->vcpu = keep(m, check(ioctl(m->vm, KVM_CREATE_VCPU, id), "KVM_CREATE_VCPU"));
    m->run = mmap(NULL, run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
    if (m->run == MAP_FAILED) {
        die("mmap of a vCPU");
    }
    check(ioctl(m->vcpu, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
}

/* Goes on behind an MSR that KVM refuses, and reads those then, as VcpuState.java does to compare them. */
static void set_msrs(struct machine *m, const struct kvm_msr_entry *entries, uint32_t count) {
    static struct {
        struct kvm_msrs head;
        struct kvm_msr_entry entries[MAX_MSRS_PER_CALL];
    } call, refused;
    refused.head.nmsrs = 0;
    for (uint32_t next = 0; next < count;) {
        uint32_t asked = count - next < MAX_MSRS_PER_CALL ? count - next : MAX_MSRS_PER_CALL;
        call.head.nmsrs = asked;
        memcpy(call.entries, entries + next, asked * sizeof *entries);
        uint32_t done = (uint32_t)check(ioctl(m->vcpu, KVM_SET_MSRS, &call), "KVM_SET_MSRS");
        next += done;
        if (done < asked && refused.head.nmsrs < MAX_MSRS_PER_CALL) {
            refused.entries[refused.head.nmsrs++] = entries[next++];
        }
    }
    if (refused.head.nmsrs > 0) {
        check(ioctl(m->vcpu, KVM_GET_MSRS, &refused), "KVM_GET_MSRS");
    }
}

static unsigned long request(const unsigned long *requests, size_t count, uint32_t index) {
    if (index >= count) {
        errno = EINVAL;
        die("a request that there is not");
    }
    return requests[index];
}

static void perform(struct machine *m, const struct step *step, const char *payload) {
    uint64_t word[3] = {0, 0, 0};
    memcpy(word, payload, step->bytes < sizeof word ? step->bytes : sizeof word);
    switch ((enum operation)step->operation) {
    case OP_CREATE_VM:
        m->vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
        check(ioctl(m->vm, KVM_SET_TSS_ADDR, word[0]), "KVM_SET_TSS_ADDR");
        check(ioctl(m->vm, KVM_SET_IDENTITY_MAP_ADDR, &word[1]), "KVM_SET_IDENTITY_MAP_ADDR");
        break;
    case OP_MEMORY: {
        struct kvm_userspace_memory_region slot = {.slot = step->argument,
                                                   .guest_phys_addr = word[0],
                                                   .memory_size = word[2],
                                                   .userspace_addr = (uint64_t)(uintptr_t)m->memory + word[1]};
        check(ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
        break;
    }
    case OP_CREATE_CHIPS: {
        struct kvm_pit_config pit = {.flags = step->argument};
        check(ioctl(m->vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
        check(ioctl(m->vm, KVM_CREATE_PIT2, &pit), "KVM_CREATE_PIT2");
        break;
    }
    case OP_CREATE_VCPU:
        create_vcpu(m, step->argument, payload);
        break;
    case OP_IOEVENTFD: {
        int event = keep(m, check(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
        struct kvm_ioeventfd kick = {.datamatch = step->argument,
                                     .addr = word[0],
                                     .len = (uint32_t)word[1],
                                     .fd = event,
                                     .flags = KVM_IOEVENTFD_FLAG_DATAMATCH};
        check(ioctl(m->vm, KVM_IOEVENTFD, &kick), "KVM_IOEVENTFD");
        break;
    }
    case OP_VM_IOCTL:
        check(ioctl(m->vm, request(VM_REQUESTS, sizeof VM_REQUESTS / sizeof *VM_REQUESTS, step->argument), payload),
              "a chip's state");
        break;
    case OP_VCPU_IOCTL:
        check(ioctl(m->vcpu, request(VCPU_REQUESTS, sizeof VCPU_REQUESTS / sizeof *VCPU_REQUESTS, step->argument), payload),
              "a vCPU's state");
        break;
    case OP_MSRS:
        set_msrs(m, (const struct kvm_msr_entry *)payload, step->bytes / sizeof(struct kvm_msr_entry));
        break;
    case OP_GET_TSC_KHZ:
        (void)ioctl(m->vcpu, KVM_GET_TSC_KHZ, 0); /* EIO on a host without a stable counter */
        break;
    case OP_KVMCLOCK_CTRL:
        (void)ioctl(m->vcpu, KVM_KVMCLOCK_CTRL, 0); /* EINVAL for a guest without the clock */
        break;
    default:
        errno = EINVAL;
        die("an operation that there is not");
    }
}

/* Over the addresses that are reserved already, if there are some. */
static void map_memory(struct machine *m, const char *path) {
    struct stat about;
    int file = check(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), path);
    check(fstat(file, &about), path);
    m->memory_bytes = (size_t)about.st_size;
    m->memory = mmap(m->memory, m->memory_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_NORESERVE | (m->memory == NULL ? 0 : MAP_FIXED), file, 0);
    if (m->memory == MAP_FAILED) {
        die("mmap of the memory");
    }
    close(file);
}

static void run_to_port_write(struct machine *m) {
    int result;
    do {
        result = ioctl(m->vcpu, KVM_RUN, 0);
    } while (result < 0 && (errno == EINTR || errno == EAGAIN));
    check(result, "KVM_RUN");
    if (m->run->exit_reason != KVM_EXIT_IO || m->run->io.direction != KVM_EXIT_IO_OUT) {
        fprintf(stderr, "restore: exit %u in place of a port write\n", m->run->exit_reason);
        exit(1);
    }
}

static void take_down(struct machine *m) {
    munmap(m->run, run_bytes);
    for (int i = 0; i < m->fd_count; i++) {
        close(m->fds[i]);
    }
    close(m->vm);
    munmap(m->memory, m->memory_bytes);
}

static char script[MAX_SCRIPT] __attribute__((aligned(64)));

static ssize_t read_script(const char *path) {
    int file = check(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), path);
    ssize_t size = read(file, script, sizeof script);
    close(file);
    if (size < 8 || size == (ssize_t)sizeof script || memcmp(script, "IGNFLOOR", 8) != 0) {
        errno = EINVAL;
        die(path);
    }
    return size;
}

/* Does the steps from an offset on until the stage "until" has ended, or all, and returns where the next one is. */
static ssize_t perform_steps(struct machine *m, ssize_t at, ssize_t size, int until, uint64_t start, uint64_t ends[STAGES]) {
    while (at + HEADER <= size) {
        struct step step;
        memcpy(&step, script + at, HEADER);
        const char *payload = script + at + HEADER;
        at += HEADER + (ssize_t)((step.bytes + 7u) & ~7u);
        if (at > size || step.argument > MAX_ARGUMENT) {
            errno = EINVAL;
            die("a step that is cut off");
        }
        if (step.operation != OP_STAGE || step.argument >= STAGES) {
            perform(m, &step, payload);
            continue;
        }
        ends[step.argument] = now() - start;
        if ((int)step.argument == until) {
            break;
        }
    }
    return at;
}

/* All that comes before a machine's state, on addresses where no memory is yet. */
static ssize_t make_shell(struct machine *m, const char *script_path, const char *memory_path) {
    struct stat about;
    uint64_t ignored[STAGES];
    ssize_t size = read_script(script_path);
    check(stat(memory_path, &about), memory_path);
    m->memory = mmap(NULL, (size_t)about.st_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m->memory == MAP_FAILED) {
        die("mmap of addresses");
    }
    return perform_steps(m, 8, size, STAGE_LINES, now(), ignored);
}

/* One machine, from the open of its script to its first port write; ends[] in nanoseconds from the start. */
static void restore(const char *script_path, const char *memory_path, int with_shell, uint64_t ends[STAGES]) {
    struct machine m = {.vm = -1, .vcpu = -1};
    ssize_t at = with_shell ? make_shell(&m, script_path, memory_path) : 8;
    uint64_t start = now();
    ssize_t size = read_script(script_path);
    ends[STAGE_READ] = now() - start;
    map_memory(&m, memory_path);
    for (int stage = STAGE_MAP; stage < STAGES; stage++) {
        ends[stage] = now() - start; /* those that a shell has behind it take no time */
    }
    perform_steps(&m, at, size, -1, start, ends);
    run_to_port_write(&m);
    ends[STAGE_RUN] = now() - start;
    take_down(&m);
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void print_line(const char *name, uint64_t *nanos, size_t count) {
    qsort(nanos, count, sizeof *nanos, by_size);
    printf("%-6s %10.1f %10.1f %10.1f\n", name, (double)nanos[(count - 1) * 50 / 100] / 1e3,
           (double)nanos[(count - 1) * 95 / 100] / 1e3, (double)nanos[(count - 1) * 99 / 100] / 1e3);
}

static void table(const char *script_path, const char *memory, size_t count) {
    uint64_t(*ends)[STAGES] = calloc(count, sizeof *ends);
    uint64_t *column = calloc(count, sizeof *column);
    if (ends == NULL || column == NULL) {
        die("calloc");
    }
    for (size_t i = 0; i < count; i++) {
        restore(script_path, memory, 0, ends[i]);
    }
    printf("%-6s %10s %10s %10s\n", "us", "p50", "p95", "p99");
    for (int stage = 0; stage < STAGES; stage++) {
        for (size_t i = 0; i < count; i++) {
            column[i] = ends[i][stage] - (stage == 0 ? 0 : ends[i][stage - 1]);
        }
        print_line(STAGE_NAMES[stage], column, count);
    }
    for (size_t i = 0; i < count; i++) {
        column[i] = ends[i][STAGE_RUN];
    }
    print_line("all", column, count);
    free(column);
    free(ends);
}

static void serve(const char *script_path, const char *memory) {
    char line[16];
    uint64_t ends[STAGES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        restore(script_path, memory, strncmp(line, "shell", 5) == 0, ends);
        for (int stage = 0; stage < STAGES; stage++) {
            printf("%llu%c", (unsigned long long)ends[stage], stage == STAGES - 1 ? '\n' : ' ');
        }
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: restore SCRIPT MEMORY COUNT|-\n");
        return 2;
    }
    kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
    run_bytes = (size_t)check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
    if (strcmp(argv[3], "-") == 0) {
        serve(argv[1], argv[2]);
    } else {
        long count = strtol(argv[3], NULL, 10);
        if (count < 1 || count > 1000000) {
            fprintf(stderr, "restore: a count from 1 to 1000000, not %s\n", argv[3]);
            return 2;
        }
        table(argv[1], argv[2], (size_t)count);
    }
    return 0;
}
