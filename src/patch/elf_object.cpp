// SPDX-License-Identifier: MIT

#include "patch/elf_object.hpp"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

namespace tendril::patch::detail {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t jump_slot = R_X86_64_JUMP_SLOT;
constexpr std::uint32_t global_data = R_X86_64_GLOB_DAT;
constexpr std::uint32_t absolute = R_X86_64_64;
#elif defined(__aarch64__)
constexpr std::uint32_t jump_slot = R_AARCH64_JUMP_SLOT;
constexpr std::uint32_t global_data = R_AARCH64_GLOB_DAT;
constexpr std::uint32_t absolute = R_AARCH64_ABS64;
#else  // no relocation is known: nothing is ever patched
constexpr std::uint32_t jump_slot = ~0U;
constexpr std::uint32_t global_data = ~0U;
constexpr std::uint32_t absolute = ~0U;
#endif

std::size_t page_size() noexcept {
    static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

// The dynamic linker protects whole pages only, so the last piece of a page stays writable.
AddressRange whole_pages(std::uintptr_t begin, std::size_t size) noexcept {
    const std::uintptr_t mask = ~(std::uintptr_t{page_size()} - 1);
    return {begin & mask, (begin + size) & mask};
}

}  // namespace

ElfObject::ElfObject(const dl_phdr_info& info, bool is_program)
    : path_(info.dlpi_name != nullptr ? info.dlpi_name : ""), base_(info.dlpi_addr), is_program_(is_program) {
    if (is_program && path_.empty()) {
        path_ = program_invocation_name;
    }
    const ElfW(Phdr)* dynamic = nullptr;
    bool linked_dynamically = !is_program;
    for (std::size_t i = 0; i < info.dlpi_phnum; ++i) {
        const ElfW(Phdr)& header = info.dlpi_phdr[i];
        const std::uintptr_t begin = base_ + header.p_vaddr;
        if (header.p_type == PT_LOAD) {
            segments_.push_back({{begin, begin + header.p_memsz}, header.p_flags});
        } else if (header.p_type == PT_DYNAMIC) {
            dynamic = &header;
        } else if (header.p_type == PT_INTERP) {
            linked_dynamically = true;
        } else if (header.p_type == PT_GNU_RELRO) {
            relro_ = whole_pages(begin, header.p_memsz);
        }
    }
    if (dynamic != nullptr && linked_dynamically) {
        const std::size_t count = dynamic->p_memsz / sizeof(ElfW(Dyn));
        if (const auto* entries = items_at<ElfW(Dyn)>(base_ + dynamic->p_vaddr, count)) {
            dynamic_ = true;
            read_dynamic(entries, count);
        }
    }
}

void ElfObject::read_dynamic(const ElfW(Dyn) * entries, std::size_t count) {
    std::size_t strings_size = 0;
    std::size_t relocations_size = 0;
    std::size_t plt_size = 0;
    std::size_t soname = 0;
    std::vector<std::size_t> needed;
    bool plt_has_addends = true;
    for (std::size_t i = 0; i < count && entries[i].d_tag != DT_NULL; ++i) {
        const auto value = static_cast<std::uintptr_t>(entries[i].d_un.d_val);
        switch (entries[i].d_tag) {
        case DT_STRTAB:
            strings_.begin = pointer(value);
            break;
        case DT_STRSZ:
            strings_size = value;
            break;
        case DT_SYMTAB:
            symbols_ = pointer(value);
            break;
        case DT_RELA:
            relocations_.begin = pointer(value);
            break;
        case DT_RELASZ:
            relocations_size = value;
            break;
        case DT_JMPREL:
            plt_relocations_.begin = pointer(value);
            break;
        case DT_PLTRELSZ:
            plt_size = value;
            break;
        case DT_PLTREL:
            plt_has_addends = value == DT_RELA;
            break;
        case DT_SONAME:
            soname = value;
            break;
        case DT_NEEDED:
            needed.push_back(value);
            break;
        case DT_INIT_ARRAYSZ:
            constructors_ = value > sizeof(void*);  // the compiler puts one of its own into each object
            break;
        default:
            break;
        }
    }
    if (items_at<char>(strings_.begin, strings_size) == nullptr) {
        strings_size = 0;
    }
    strings_.end = strings_.begin + strings_size;
    relocations_.end = relocations_.begin + relocations_size;
    plt_relocations_.end = plt_relocations_.begin + (plt_has_addends ? plt_size : 0);
    soname_ = soname != 0 ? string(soname) : std::string_view();
    for (const std::size_t offset : needed) {
        needed_.push_back(string(offset));
    }
}

std::string_view ElfObject::file() const noexcept {
    const std::string_view whole = path_;
    return whole.substr(whole.find_last_of('/') + 1);
}

bool ElfObject::contains(std::uintptr_t address) const noexcept {
    return segment_of(address, 1) != nullptr;
}

std::vector<AddressRange> ElfObject::executable_segments() const {
    std::vector<AddressRange> result;
    for (const Segment& segment : segments_) {
        if ((segment.flags & PF_X) != 0 && (segment.flags & PF_R) != 0) {
            result.push_back(segment.range);
        }
    }
    return result;
}

const ElfObject::Segment* ElfObject::segment_of(std::uintptr_t address, std::size_t size) const noexcept {
    for (const Segment& segment : segments_) {
        if (segment.range.contains(address) && size <= segment.range.end - address) {
            return &segment;
        }
    }
    return nullptr;
}

template <class T>
const T* ElfObject::items_at(std::uintptr_t address, std::size_t count) const noexcept {
    const Segment* segment = segment_of(address, 1);
    if (segment == nullptr || (segment->flags & PF_R) == 0 || address % alignof(T) != 0 ||
        count > (segment->range.end - address) / sizeof(T)) {
        return nullptr;
    }
    return reinterpret_cast<const T*>(address);
}

std::uintptr_t ElfObject::pointer(std::uintptr_t value) const noexcept {
    return contains(value) ? value : base_ + value;
}

std::string_view ElfObject::string(std::size_t offset) const noexcept {
    const std::size_t size = strings_.end - strings_.begin;
    if (offset >= size) {
        return {};
    }
    const std::string_view rest(reinterpret_cast<const char*>(strings_.begin + offset), size - offset);
    const std::size_t end = rest.find('\0');
    return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

const ElfW(Sym) * ElfObject::symbol(std::size_t index) const noexcept {
    return items_at<ElfW(Sym)>(symbols_ + index * sizeof(ElfW(Sym)), 1);
}

void ElfObject::visit(AddressRange table, const std::function<void(const ImportSlot&)>& f) const {
    const std::size_t count = table.empty() ? 0 : (table.end - table.begin) / sizeof(ElfW(Rela));
    const auto* relocations = items_at<ElfW(Rela)>(table.begin, count);
    for (std::size_t i = 0; relocations != nullptr && i < count; ++i) {
        const ElfW(Rela)& relocation = relocations[i];
        const auto type = static_cast<std::uint32_t>(ELF64_R_TYPE(relocation.r_info));
        const bool wanted = type == jump_slot || type == global_data || (type == absolute && relocation.r_addend == 0);
        const ElfW(Sym)* imported = wanted ? symbol(ELF64_R_SYM(relocation.r_info)) : nullptr;
        if (imported == nullptr || imported->st_shndx != SHN_UNDEF || imported->st_name == 0) {
            continue;
        }
        const std::uintptr_t place = base_ + relocation.r_offset;
        const Segment* segment = segment_of(place, sizeof(std::uintptr_t));
        if (segment != nullptr && (segment->flags & PF_W) != 0 && place % alignof(std::uintptr_t) == 0) {
            f({string(imported->st_name), reinterpret_cast<std::uintptr_t*>(place), type == jump_slot});
        }
    }
}

void ElfObject::for_each_import_slot(const std::function<void(const ImportSlot&)>& f) const {
    visit(relocations_, f);
    const bool within = relocations_.begin <= plt_relocations_.begin && plt_relocations_.end <= relocations_.end;
    if (!within) {  // in some objects DT_RELA takes in the other table
        visit(plt_relocations_, f);
    }
}

std::uintptr_t ElfObject::canonical_entry(std::string_view wanted) const {
    std::uintptr_t result = 0;
    const auto look = [&](AddressRange table) {
        const std::size_t count = table.empty() ? 0 : (table.end - table.begin) / sizeof(ElfW(Rela));
        const auto* relocations = items_at<ElfW(Rela)>(table.begin, count);
        for (std::size_t i = 0; relocations != nullptr && i < count && result == 0; ++i) {
            const ElfW(Sym)* imported = symbol(ELF64_R_SYM(relocations[i].r_info));
            if (imported != nullptr && imported->st_shndx == SHN_UNDEF && imported->st_value != 0 &&
                string(imported->st_name) == wanted) {
                result = base_ + imported->st_value;
            }
        }
    };
    look(plt_relocations_);
    look(relocations_);
    return result;
}

namespace {

struct Collecting {
    std::vector<ElfObject> objects;
    const std::function<void(const std::vector<ElfObject>&)>* work = nullptr;
    std::exception_ptr error;
};

int collect(dl_phdr_info* info, std::size_t, void* argument) {
    auto& collecting = *static_cast<Collecting*>(argument);
    try {
        collecting.objects.emplace_back(*info, collecting.objects.empty());
    } catch (...) {
        collecting.error = std::current_exception();
    }
    return collecting.error != nullptr ? 1 : 0;
}

// Runs for the first object only. The linker's lock may be taken again by its holder.
int collect_and_work(dl_phdr_info*, std::size_t, void* argument) {
    auto& collecting = *static_cast<Collecting*>(argument);
    ::dl_iterate_phdr(&collect, argument);
    try {
        if (collecting.error == nullptr) {
            (*collecting.work)(collecting.objects);
        }
    } catch (...) {
        collecting.error = std::current_exception();
    }
    return 1;
}

}  // namespace

void with_loaded_objects(const std::function<void(const std::vector<ElfObject>&)>& f) {
    Collecting collecting;
    collecting.work = &f;
    ::dl_iterate_phdr(&collect_and_work, &collecting);
    if (collecting.error != nullptr) {
        std::rethrow_exception(collecting.error);
    }
}

LoadCount load_count() noexcept {
    LoadCount result;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t size, void* argument) {
            if (size >= offsetof(dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs)) {
                *static_cast<LoadCount*>(argument) = {info->dlpi_adds, info->dlpi_subs};
            }
            return 1;
        },
        &result);
    return result;
}

}  // namespace tendril::patch::detail
