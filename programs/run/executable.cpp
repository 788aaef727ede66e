// SPDX-License-Identifier: MIT

#include "run/executable.hpp"

#include <elf.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

namespace tendril::run {

namespace {

#if defined(__x86_64__)
constexpr unsigned this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned this_machine = EM_AARCH64;
#else
constexpr unsigned this_machine = EM_NONE;
#endif

bool is_program(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

[[noreturn]] void cannot(const std::string& path, const std::string& why) {
    throw CannotRun(126, path + ": " + why);
}

void refuse_other_rights(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        throw CannotRun(errno == ENOENT ? 127 : 126, path + ": " + std::strerror(errno));
    }
    if (((found.st_mode & S_ISUID) != 0 && found.st_uid != ::geteuid()) ||
        ((found.st_mode & S_ISGID) != 0 && found.st_gid != ::getegid()) ||
        (::geteuid() != 0 && ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0)) {
        cannot(path, "runs with other rights than yours (set-user-ID, set-group-ID or capabilities); the loader lets "
                     "nothing into it");
    }
}

// Bytes of a program's file.
class Image {
public:
    explicit Image(const std::string& path) : path_(path), file_(path, std::ios::binary) {
        if (!file_) {
            cannot(path, std::strerror(errno));
        }
    }

    // Returns: how many bytes there were.
    std::size_t read(std::uint64_t offset, void* out, std::size_t size) {
        file_.clear();
        file_.seekg(static_cast<std::streamoff>(offset));
        file_.read(static_cast<char*>(out), static_cast<std::streamsize>(size));
        return static_cast<std::size_t>(file_.gcount());
    }
    void require(std::uint64_t offset, void* out, std::size_t size) {
        if (read(offset, out, size) != size) {
            cannot(path_, "its ELF header is damaged");
        }
    }

private:
    std::string path_;
    std::ifstream file_;
};

// Returns: the interpreter in a script's first line.
std::string interpreter_of(std::string_view head) {
    head.remove_prefix(2);
    head = head.substr(0, head.find('\n'));
    head.remove_prefix(std::min(head.find_first_not_of(" \t"), head.size()));
    return std::string(head.substr(0, head.find_first_of(" \t")));
}

std::string loader_of(Image& image, const ElfW(Ehdr) & header) {
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        ElfW(Phdr) segment{};
        image.require(header.e_phoff + std::uint64_t{i} * header.e_phentsize, &segment, sizeof segment);
        if (segment.p_type == PT_INTERP) {
            std::vector<char> name(std::min<std::size_t>(segment.p_filesz, 4096));
            image.require(segment.p_offset, name.data(), name.size());
            return std::string(name.data(), ::strnlen(name.data(), name.size()));
        }
    }
    return {};
}

void require_elf(const std::string& path, Image& image) {
    ElfW(Ehdr) header{};
    image.require(0, &header, sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != this_machine) {
        cannot(path, "is a program for another machine than this tendril");
    }
    const std::string loader = loader_of(image, header);
    if (loader.empty()) {
        cannot(path, "is a static program: no loader runs in it that could let tendril in");
    }
    if (loader.find("/ld-linux") == std::string::npos) {
        cannot(path, "is not linked with the GNU C library, but starts by " + loader);
    }
}

}  // namespace

std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) {
        struct stat found {};
        if (::stat(name.c_str(), &found) != 0) {
            throw CannotRun(errno == ENOENT || errno == ENOTDIR ? 127 : 126, name + ": " + std::strerror(errno));
        }
        if (!is_program(name)) {
            cannot(name, S_ISREG(found.st_mode) ? std::strerror(EACCES) : "not a program");
        }
        return name;
    }
    const char* const path = std::getenv("PATH");
    for (std::string_view rest = path != nullptr ? path : "/usr/bin:/bin"; !name.empty();) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        const std::string folder(end == 0 ? "." : rest.substr(0, end));
        if (const std::string candidate = folder + '/' + name; is_program(candidate)) {
            return candidate;
        }
        if (end == rest.size()) {
            break;
        }
        rest.remove_prefix(end + 1);
    }
    throw CannotRun(127, name + ": not found in PATH");
}

std::string require_preloadable(const std::string& path) {
    std::string now = path;
    for (int depth = 0; depth < 5; ++depth) {  // as many interpreters of interpreters as the kernel allows
        refuse_other_rights(now);
        Image image(now);
        char head[256];
        const std::string_view begin(head, image.read(0, head, sizeof head));
        if (begin.substr(0, SELFMAG) == std::string_view(ELFMAG, SELFMAG)) {
            require_elf(now, image);
            return now;
        }
        if (begin.substr(0, 2) != "#!") {
            cannot(now, "neither an ELF program nor a script with its interpreter");
        }
        now = interpreter_of(begin);
    }
    cannot(path, "too many interpreters of interpreters");
}

bool knows_symbol(const std::string& path, const std::string& name) {
    Image image(path);
    ElfW(Ehdr) header{};
    image.require(0, &header, sizeof header);
    std::vector<ElfW(Shdr)> sections(header.e_shentsize == sizeof(ElfW(Shdr)) ? header.e_shnum : 0);
    image.read(header.e_shoff, sections.data(), sections.size() * sizeof(ElfW(Shdr)));
    for (const auto& section : sections) {
        if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections.size()) {
            continue;
        }
        const auto& table = sections[section.sh_link];  // of its names
        std::string names(std::min<std::size_t>(table.sh_size, std::size_t{1} << 26), '\0');
        names.resize(image.read(table.sh_offset, names.data(), names.size()));
        return names.find('\0' + name + '\0') != std::string::npos;
    }
    return false;
}

}  // namespace tendril::run
