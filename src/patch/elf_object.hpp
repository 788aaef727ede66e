// SPDX-License-Identifier: MIT
//
// ElfObject: the program or one shared object, as the dynamic linker has loaded it: what it is called, what it needs,
// and the slots through which it calls functions of others.
//
// 1. Everything is read from memory, and only within the object's own segments: a damaged table yields fewer entries,
//    never a wild access. Without a dynamic table (a static program, the vdso's like) it has no names and no slots.
// 2. It holds pointers into the object. It is valid while the dynamic linker cannot unload that: within
//    with_loaded_objects().

#pragma once

#include <link.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tendril::patch::detail {

// Half open: [begin, end).
struct AddressRange {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;

    bool contains(std::uintptr_t address) const noexcept { return address >= begin && address < end; }
    bool empty() const noexcept { return begin >= end; }
};

// Where an object keeps the address of a function of another object.
struct ImportSlot {
    std::string_view symbol;
    std::uintptr_t* place = nullptr;  // aligned, in a segment that was writable at least while it was loaded
    bool lazy = false;                // of a procedure linkage table: may lead into the object itself until first used
};

class ElfObject {
public:
    ElfObject(const dl_phdr_info& info, bool is_program);

    // As it was opened; of the program, as it was started.
    const std::string& path() const noexcept { return path_; }
    // The path's last part.
    std::string_view file() const noexcept;
    // What other objects call it; empty if it has no such name.
    std::string_view soname() const noexcept { return soname_; }
    std::uintptr_t base() const noexcept { return base_; }
    bool is_program() const noexcept { return is_program_; }
    // False for a static program.
    bool is_dynamic() const noexcept { return dynamic_; }
    // Whether functions of its own run before main() or dlopen() returns.
    bool has_constructors() const noexcept { return constructors_; }

    bool contains(std::uintptr_t address) const noexcept;
    // The sonames of what it was linked with.
    const std::vector<std::string_view>& needed() const noexcept { return needed_; }
    // Whole pages that the dynamic linker makes read-only when it has relocated the object.
    AddressRange relro() const noexcept { return relro_; }
    std::vector<AddressRange> executable_segments() const;

    // Calls f for each slot that is filled with the address of a symbol which this object does not define itself.
    void for_each_import_slot(const std::function<void(const ImportSlot&)>& f) const;

    // Where the program has its own entry for a function that others define, because its code takes that function's
    // address; 0 if it has none. Only programs that are not position-independent have some.
    std::uintptr_t canonical_entry(std::string_view wanted) const;

private:
    struct Segment {
        AddressRange range;
        std::uint32_t flags = 0;
    };

    void read_dynamic(const ElfW(Dyn) * entries, std::size_t count);
    // Returns: the first of `count` consecutive items, or nullptr unless all are in one segment, aligned.
    template <class T>
    const T* items_at(std::uintptr_t address, std::size_t count) const noexcept;
    // A dynamic table's pointer: the dynamic linker adds the base to most of them, but not in every object.
    std::uintptr_t pointer(std::uintptr_t value) const noexcept;
    std::string_view string(std::size_t offset) const noexcept;
    const ElfW(Sym) * symbol(std::size_t index) const noexcept;
    const Segment* segment_of(std::uintptr_t address, std::size_t size) const noexcept;
    void visit(AddressRange table, const std::function<void(const ImportSlot&)>& f) const;

    std::string path_;
    std::uintptr_t base_ = 0;
    bool is_program_ = false;
    bool dynamic_ = false;
    bool constructors_ = false;
    std::vector<Segment> segments_;
    AddressRange relro_;
    AddressRange relocations_;      // DT_RELA
    AddressRange plt_relocations_;  // DT_JMPREL
    AddressRange strings_;
    std::uintptr_t symbols_ = 0;
    std::string_view soname_;
    std::vector<std::string_view> needed_;
};

// Calls f with all loaded objects, the program first, while the dynamic linker's lock is held: nothing is loaded to the
// end or unloaded meanwhile. f may take Mutexes, may not wait, and may not load anything. Throws: what f throws.
void with_loaded_objects(const std::function<void(const std::vector<ElfObject>&)>& f);

// How often objects have been loaded and unloaded: unchanged numbers mean unchanged objects.
struct LoadCount {
    std::uint64_t loaded = 0;
    std::uint64_t unloaded = 0;

    bool operator==(const LoadCount&) const = default;
};
LoadCount load_count() noexcept;

}  // namespace tendril::patch::detail
