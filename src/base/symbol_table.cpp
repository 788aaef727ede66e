// SPDX-License-Identifier: MIT

#include "base/symbol_table.hpp"

#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace tendril::detail {

namespace {

// Reads `count` consecutive items of the file. Returns: false if they are not all there.
template <class T>
bool read_row(std::istream& file, std::uint64_t at, std::size_t count, std::vector<T>& into) {
    constexpr std::size_t most = std::size_t{1} << 30;  // bytes: more than any file read here has
    if (count > most / sizeof(T)) {
        return false;
    }
    into.resize(count);
    file.seekg(static_cast<std::streamoff>(at));
    file.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(count * sizeof(T)));
    return file.good();
}

bool is_ours(const ElfW(Ehdr) & header) {
    constexpr unsigned char ours = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ours &&
           header.e_shentsize == sizeof(ElfW(Shdr));
}

}  // namespace

SymbolTable::SymbolTable(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (stream) {
        read(stream);
    }
}

void SymbolTable::read(std::istream& file) {
    std::vector<ElfW(Ehdr)> header;
    std::vector<ElfW(Shdr)> sections;
    if (!read_row(file, 0, 1, header) || !is_ours(header[0]) ||
        !read_row(file, header[0].e_shoff, header[0].e_shnum, sections)) {
        return;
    }
    const auto symtab = std::find_if(sections.begin(), sections.end(), [](const ElfW(Shdr) & section) {
        return section.sh_type == SHT_SYMTAB;  // a stripped file has none
    });
    if (symtab == sections.end() || symtab->sh_link >= sections.size()) {
        return;
    }
    const ElfW(Shdr)& strtab = sections[symtab->sh_link];
    std::vector<ElfW(Sym)> symbols;
    std::vector<char> names;
    if (!read_row(file, symtab->sh_offset, symtab->sh_size / sizeof(ElfW(Sym)), symbols) ||
        !read_row(file, strtab.sh_offset, strtab.sh_size, names)) {
        return;
    }
    names_.assign(names.begin(), names.end());
    for (const ElfW(Sym) & symbol : symbols) {
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF &&
            symbol.st_name < names_.size()) {
            functions_.push_back({symbol.st_value, symbol.st_size, symbol.st_name});
        }
    }
    std::sort(functions_.begin(), functions_.end(),
              [](const Function& a, const Function& b) { return a.begin < b.begin; });
}

const SymbolTable::Function* SymbolTable::find(std::uintptr_t address) const noexcept {
    const auto after = std::upper_bound(functions_.begin(), functions_.end(), address,
                                        [](std::uintptr_t at, const Function& f) { return at < f.begin; });
    if (after == functions_.begin() ||
        address - std::prev(after)->begin >= std::max<std::uintptr_t>(std::prev(after)->size, 1)) {
        return nullptr;
    }
    return &*std::prev(after);
}

}  // namespace tendril::detail
