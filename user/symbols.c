// SPDX-License-Identifier: MIT
//
// See symbols.h. The maps come from /proc/self/maps, cut to the program's space; a file's functions from
// .symtab, or .dynsym where it is stripped. The files are the program's own and may be damaged: every
// offset is checked against the file's size.
#include "user/symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct symbol {
    uint32_t from, bytes;
    char *name;
};

struct module {
    uint32_t from, to, bias;
    char *file;
};

struct symbols {
    struct symbol *row;
    size_t rows, room;
    struct module module[256];
    unsigned modules;
};

static void add(struct symbols *s, uint32_t from, uint32_t bytes, const char *name)
{
    if (s->rows == s->room) {
        size_t room = s->room ? s->room * 2 : 1024;
        struct symbol *more = realloc(s->row, room * sizeof *more);
        if (!more) {
            return;
        }
        s->row = more;
        s->room = room;
    }
    char *copy = strdup(name);
    if (copy) {
        s->row[s->rows++] = (struct symbol){from, bytes, copy};
    }
}

// The functions of one table; `sh` has been checked to lie in the file.
static void read_table(struct symbols *s, const uint8_t *f, size_t n, const Elf32_Shdr *sh,
                       const Elf32_Shdr *str, uint32_t bias)
{
    for (size_t k = 0; k + sizeof(Elf32_Sym) <= sh->sh_size; k += sizeof(Elf32_Sym)) {
        Elf32_Sym sym;
        memcpy(&sym, f + sh->sh_offset + k, sizeof sym);
        size_t at = (size_t)str->sh_offset + sym.st_name;
        if (ELF32_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_shndx && sym.st_name < str->sh_size &&
            at < n && memchr(f + at, 0, n - at)) {
            add(s, bias + (sym.st_value & ~1u), sym.st_size, (const char *)f + at);
        }
    }
}

static void read_file(struct symbols *s, const char *path, uint32_t from, uint64_t off)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    size_t n = fstat(fd, &st) || !S_ISREG(st.st_mode) ? 0 : (size_t)st.st_size;
    const uint8_t *f = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (f == MAP_FAILED) {
        return;
    }
    Elf32_Ehdr eh = {0};
    memcpy(&eh, f, n < sizeof eh ? n : sizeof eh);
    bool good = !memcmp(eh.e_ident, ELFMAG "\1\1", 6) && eh.e_shentsize == sizeof(Elf32_Shdr) &&
                (uint64_t)eh.e_shoff + eh.e_shnum * sizeof(Elf32_Shdr) <= n &&
                (uint64_t)eh.e_phoff + eh.e_phnum * sizeof(Elf32_Phdr) <= n;
    uint32_t bias = 0, best = 0;
    for (unsigned k = 0; good && k < eh.e_phnum; k++) {
        Elf32_Phdr ph;
        memcpy(&ph, f + eh.e_phoff + k * sizeof ph, sizeof ph);
        if (ph.p_type == PT_LOAD && (ph.p_offset & ~0xfffu) == off) {
            bias = from - (ph.p_vaddr & ~0xfffu);
        }
    }
    for (int want = SHT_SYMTAB; good && !best; want = SHT_DYNSYM) {
        for (unsigned k = 0; k < eh.e_shnum; k++) {
            Elf32_Shdr sh, str;
            memcpy(&sh, f + eh.e_shoff + k * sizeof sh, sizeof sh);
            if (sh.sh_type != (uint32_t)want || sh.sh_link >= eh.e_shnum ||
                (uint64_t)sh.sh_offset + sh.sh_size > n) {
                continue;
            }
            memcpy(&str, f + eh.e_shoff + sh.sh_link * sizeof str, sizeof str);
            if ((uint64_t)str.sh_offset + str.sh_size <= n) {
                read_table(s, f, n, &sh, &str, bias);
                best = 1;
            }
        }
        if (want == SHT_DYNSYM) {
            break;
        }
    }
    munmap((void *)(uintptr_t)f, n);
}

static int by_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

struct symbols *symbols_create(struct process *p)
{
    struct symbols *s = calloc(1, sizeof *s);
    FILE *in = s ? fopen("/proc/self/maps", "re") : NULL;
    char line[4600], path[4200];
    uintptr_t base = (uintptr_t)p->base;
    while (in && fgets(line, sizeof line, in)) {
        uint64_t from, to, off;
        char x;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*c%*c%c%*c %" SCNx64 " %*s %*s %4199[^\n]", &from, &to,
                   &x, &off, path) != 5 || from < base || to > base + TASK_END || path[0] != '/') {
            continue;
        }
        uint32_t va = (uint32_t)(from - base);
        if (s->modules < ARRAY_LEN(s->module) && page_flags(p, va) & PG_X) {
            struct module *m = &s->module[s->modules++];
            m->from = va;
            m->to = (uint32_t)(to - base);
            m->bias = va - (uint32_t)off;
            m->file = strdup(path);
            read_file(s, path, va, off);
        }
    }
    if (in) {
        fclose(in);
    }
    if (s) {
        qsort(s->row, s->rows, sizeof *s->row, by_address);
    }
    return s;
}

void symbols_destroy(struct symbols *s)
{
    if (s) {
        for (size_t k = 0; k < s->rows; k++) {
            free(s->row[k].name);
        }
        for (unsigned k = 0; k < s->modules; k++) {
            free(s->module[k].file);
        }
        free(s->row);
        free(s);
    }
}

const char *symbols_name(const struct symbols *s, uint32_t pc, char *buf, size_t n)
{
    size_t lo = 0, hi = s->rows;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->row[mid].from <= pc) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    // Aliases share an address; functions without a length reach to the next.
    for (size_t k = lo; k && lo - k < 8; k--) {
        const struct symbol *r = &s->row[k - 1];
        uint32_t end = r->bytes ? r->from + r->bytes : lo < s->rows ? s->row[lo].from : r->from + PAGE;
        if (pc >= r->from && pc < end) {
            return r->name;
        }
    }
    for (unsigned k = 0; k < s->modules; k++) {
        const struct module *m = &s->module[k];
        if (m->file && pc >= m->from && pc < m->to) {
            const char *slash = strrchr(m->file, '/');
            snprintf(buf, n, "%s+0x%" PRIx32, slash ? slash + 1 : m->file, pc - m->bias);
            return buf;
        }
    }
    return pc >= VECTORS ? "[kernel helper]" : "?";
}
