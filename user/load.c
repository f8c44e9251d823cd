// SPDX-License-Identifier: MIT
//
// Loads an ELF program and its interpreter and builds the first stack: arguments, environment and
// the auxiliary vector (System V ABI, Linux's <elf.h>, <asm/hwcap.h> of ARM).
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "user/process.h"

struct image {
    uint32_t entry, bias, phdr, phnum, end;
    char interp[256];
};

const char *host_path(const struct process *p, const char *path, char *buf, size_t n)
{
    char link[4096];
    const char *at = path;
    if (!p->cfg->root || path[0] != '/') {
        return path;
    }
    for (unsigned hops = 0; hops < 16; hops++) {
        struct stat st;
        if (snprintf(buf, n, "%s%s", p->cfg->root, at) >= (int)n || lstat(buf, &st)) {
            return path;
        }
        // A link with an absolute target means a file below the root.
        ssize_t k = S_ISLNK(st.st_mode) ? readlink(buf, link, sizeof link - 1) : -1;
        if (k <= 0 || link[0] != '/') {
            return buf;
        }
        link[k] = 0;
        at = link;
    }
    return path;
}

// ---- what the CPU is called ------------------------------------------------------------------------

static const struct {
    uint8_t feature;
    uint32_t cap; // <asm/hwcap.h>
} caps[] = {
    {ISA_BIT_V4, 0x3 | 0x10}, {ISA_BIT_V4T, 0x4}, {ISA_BIT_VFP2, 0x40}, {ISA_BIT_V5TE, 0x80},
    {ISA_BIT_NEON, 0x1000}, {ISA_BIT_VFP3, 0x2000}, {ISA_BIT_V6K, 0x8000}, {ISA_BIT_VFP4, 0x10000},
    {ISA_BIT_DIV_A32, 0x20000}, {ISA_BIT_DIV_T32, 0x40000}, {ISA_BIT_D32, 0x80000},
};

uint32_t hwcaps(const struct process *p)
{
    uint32_t v = 0;
    for (unsigned k = 0; k < ARRAY_LEN(caps); k++) {
        v |= p->features >> caps[k].feature & 1 ? caps[k].cap : 0;
    }
    return v;
}

uint32_t hwcaps2(const struct process *p)
{
    return ISA_HAS(p->features, CRC) ? 0x10 : 0;
}

const char *user_platform(const struct process *p)
{
    return ISA_HAS(p->features, V7) ? "v7l" : p->v6 ? "v6l" : ISA_HAS(p->features, V5T) ? "v5l"
                                                                                      : "v4l";
}

const char *user_machine(const struct process *p)
{
    return ISA_HAS(p->features, V7) ? "armv7l" : p->v6 ? "armv6l"
           : ISA_HAS(p->features, V5T) ? "armv5tel" : "armv4tl";
}

static int load_segment(struct process *p, int fd, const Elf32_Phdr *ph, uint32_t bias,
                        struct image *im, const char *path, struct err *err)
{
    uint32_t va = bias + ph->p_vaddr, start = va & ~0xfffu;
    uint64_t file_end = (uint64_t)va + ph->p_filesz, end = (uint64_t)va + ph->p_memsz;
    uint64_t file_page_end = (file_end + 0xfff) & ~0xfffull;
    int prot = (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
               (ph->p_flags & PF_X ? PROT_EXEC : 0);
    if ((uint64_t)bias + ph->p_vaddr > MMAP_TOP || end > MMAP_TOP || file_end > end || start < PAGE || (ph->p_offset ^ ph->p_vaddr) & 0xfff) {
        return err_set(err, -ENOEXEC, "%s: a segment does not fit at %#x", path, va);
    }
    if (ph->p_filesz) {
        int64_t rc = space_map(p, NULL, start, (uint32_t)(file_page_end - start), prot,
                               MAP_PRIVATE | MAP_FIXED, fd, ph->p_offset & ~0xfffu);
        if (rc < 0) {
            return err_set(err, (int)rc, "%s: cannot map a segment: %s", path, strerror((int)-rc));
        }
        struct stat st;
        uint64_t have = fstat(fd, &st) ? 0 : (uint64_t)st.st_size;
        if (ph->p_offset + (uint64_t)ph->p_filesz > have) {
            return err_set(err, -ENOEXEC, "%s: the file is shorter than its segments", path);
        }
        if (ph->p_flags & PF_W) {
            memset(p->base + file_end, 0, file_page_end - file_end);
        }
    } else {
        file_page_end = start;
    }
    if (end > file_page_end) {
        int64_t rc = space_map(p, NULL, (uint32_t)file_page_end,
                               (uint32_t)(((end + 0xfff) & ~0xfffull) - file_page_end), prot,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (rc < 0) {
            return err_set(err, (int)rc, "%s: no memory", path);
        }
    }
    if (end > im->end) {
        im->end = (uint32_t)end;
    }
    return 0;
}

static int load_image(struct process *p, const char *path, uint32_t dyn_base, struct image *im,
                      struct err *err)
{
    Elf32_Ehdr eh;
    Elf32_Phdr ph[64];
    struct stat st;
    int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe must not hold us up
    memset(im, 0, sizeof *im);
    if (fd < 0) {
        return err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || pread(fd, &eh, sizeof eh, 0) != sizeof eh || memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
        eh.e_ident[EI_CLASS] != ELFCLASS32 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
        eh.e_machine != EM_ARM || (eh.e_type != ET_EXEC && eh.e_type != ET_DYN) ||
        eh.e_phentsize != sizeof ph[0] || eh.e_phnum > ARRAY_LEN(ph) ||
        pread(fd, ph, eh.e_phnum * sizeof ph[0], eh.e_phoff) !=
            (ssize_t)(eh.e_phnum * sizeof ph[0])) {
        close(fd);
        return err_set(err, -ENOEXEC, "%s is no 32-bit little-endian ARM program", path);
    }
    if (!(eh.e_flags & EF_ARM_EABIMASK)) {
        close(fd);
        return err_set(err, -ENOEXEC, "%s is a program of the old ABI (OABI): only EABI programs run",
                       path);
    }
    im->bias = eh.e_type == ET_DYN ? dyn_base : 0;
    im->entry = im->bias + eh.e_entry;
    im->phnum = eh.e_phnum;
    for (unsigned k = 0; k < eh.e_phnum && !rc; k++) {
        if (ph[k].p_type == PT_LOAD) {
            rc = load_segment(p, fd, &ph[k], im->bias, im, path, err);
            if (ph[k].p_offset <= eh.e_phoff && eh.e_phoff - ph[k].p_offset < ph[k].p_filesz) {
                im->phdr = im->bias + ph[k].p_vaddr + eh.e_phoff - ph[k].p_offset;
            }
        } else if (ph[k].p_type == PT_INTERP && ph[k].p_filesz < sizeof im->interp) {
            if (pread(fd, im->interp, ph[k].p_filesz, ph[k].p_offset) != (ssize_t)ph[k].p_filesz) {
                im->interp[0] = 0;
            }
        }
    }
    close(fd);
    return rc;
}

static uint32_t push(struct process *p, uint32_t *sp, const void *data, size_t n)
{
    *sp -= (uint32_t)n;
    memcpy(p->base + *sp, data, n);
    return *sp;
}

static const char *arg(const struct process *p, char **argv, unsigned k)
{
    return k || !p->cfg->argv0 ? argv[k] : p->cfg->argv0;
}

static int build_stack(struct process *p, const struct image *im, char **argv, char **envp,
                       struct err *err)
{
    unsigned argc = 0, envc = 0;
    size_t bytes = 0;
    for (; argv[argc]; argc++) {
        bytes += strlen(arg(p, argv, argc)) + 5;
    }
    for (; envp[envc]; envc++) {
        bytes += strlen(envp[envc]) + 5;
    }
    if (bytes > STACK_BYTES / 4) {
        return err_set(err, -E2BIG, "arguments and environment are too long");
    }
    int64_t rc = space_map(p, NULL, STACK_TOP - STACK_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (rc < 0) {
        return err_set(err, (int)rc, "no memory for the stack");
    }
    uint32_t sp = STACK_TOP - 64, execfn, platform, rnd;
    uint8_t seed[16];
    if (getrandom(seed, sizeof seed, 0) != sizeof seed) {
        memset(seed, 0x5a, sizeof seed);
    }
    execfn = push(p, &sp, argv[0], strlen(argv[0]) + 1);
    platform = push(p, &sp, user_platform(p), 4);
    rnd = push(p, &sp, seed, sizeof seed);
    // Strings first, their addresses into the vectors below.
    uint32_t strings = sp;
    for (unsigned k = 0; k < argc; k++) {
        sp -= (uint32_t)strlen(arg(p, argv, k)) + 1;
    }
    for (unsigned k = 0; k < envc; k++) {
        sp -= (uint32_t)strlen(envp[k]) + 1;
    }
    const uint32_t aux[][2] = {
        {AT_PHDR, im->phdr}, {AT_PHENT, sizeof(Elf32_Phdr)}, {AT_PHNUM, im->phnum},
        {AT_PAGESZ, PAGE}, {AT_BASE, p->interp_base}, {AT_FLAGS, 0}, {AT_ENTRY, im->entry},
        {AT_UID, getuid()}, {AT_EUID, geteuid()}, {AT_GID, getgid()}, {AT_EGID, getegid()},
        {AT_HWCAP, hwcaps(p)}, {AT_HWCAP2, hwcaps2(p)}, {AT_CLKTCK, 100}, {AT_RANDOM, rnd}, {AT_SECURE, 0},
        {AT_PLATFORM, platform}, {AT_EXECFN, execfn}, {AT_NULL, 0}};
    uint32_t words = 1 + argc + 1 + envc + 1 + 2 * ARRAY_LEN(aux);
    sp = (sp - words * 4) & ~15u;
    p->sp = sp;
    uint32_t at = sp, str = strings;
    put_le32(p->base + at, argc), at += 4;
    for (unsigned list = 0; list < 2; list++) {
        char **v = list ? envp : argv;
        for (unsigned k = 0; v[k]; k++) {
            const char *s = list ? v[k] : arg(p, argv, k);
            put_le32(p->base + at, push(p, &str, s, strlen(s) + 1)), at += 4;
        }
        put_le32(p->base + at, 0), at += 4;
    }
    for (unsigned k = 0; k < ARRAY_LEN(aux); k++, at += 8) {
        put_le32(p->base + at, aux[k][0]);
        put_le32(p->base + at + 4, aux[k][1]);
    }
    p->auxv_bytes = sizeof aux;
    p->auxv = at - p->auxv_bytes;
    return 0;
}

static int keep_cmdline(struct process *p, char **argv, struct err *err)
{
    for (unsigned k = 0; argv[k]; k++) {
        p->cmdline_bytes += strlen(arg(p, argv, k)) + 1;
    }
    char *at = p->cmdline = malloc(p->cmdline_bytes + 1);
    for (unsigned k = 0; at && argv[k]; k++) {
        at = stpcpy(at, arg(p, argv, k)) + 1;
    }
    return at ? 0 : err_set(err, -ENOMEM, "out of memory");
}

int load_program(struct process *p, char **argv, char **envp, struct err *err)
{
    struct image prog, interp;
    char buf[4096];
    if (!realpath(host_path(p, argv[0], buf, sizeof buf), p->exe)) {
        return err_set(err, -errno, "cannot open %s: %s", argv[0], strerror(errno));
    }
    int rc = load_image(p, p->exe, 0x400000, &prog, err);
    if (rc) {
        return rc;
    }
    rc = keep_cmdline(p, argv, err);
    if (rc) {
        return rc;
    }
    p->entry = prog.entry;
    p->brk_start = p->brk = (prog.end + 0xfff) & ~0xfffu;
    if (prog.interp[0]) {
        p->interp_base = MMAP_TOP - 0x1000000;
        rc = load_image(p, host_path(p, prog.interp, buf, sizeof buf), p->interp_base, &interp, err);
        if (rc) {
            return err_prefix(err, "the program's interpreter (give its root with -L)");
        }
        p->entry = interp.entry;
        p->interp_base = interp.bias;
    }
    return build_stack(p, &prog, argv, envp, err);
}
