// SPDX-License-Identifier: MIT
//
// Patches: which loaded objects are patched, with which classes, and what their slots held before. One per process.
//
// 1. Any OS thread may call it. Its lock is taken while the dynamic linker's is held (with_loaded_objects()), never the
//    other way round; nothing that is called under the lock is hooked.
// 2. What is asked for stays asked for: look() patches what has been loaded since, also a library that was unloaded
//    and is loaded again, and, after all(), everything.
// 3. A slot is overwritten only if it leads to the C library, by one aligned store. So an OS thread that calls through
//    it meanwhile makes the one call or the other. What somebody else has put there stays, and is reported as taken.
// 4. An object that the dynamic linker is still relocating is left for the next look(): its RELRO pages are writable.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tendril/detail/base/mutex.hpp>
#include <tendril/patch/classes.hpp>

#include "patch/elf_object.hpp"
#include "patch/hook.hpp"
#include "patch/page_protection.hpp"

namespace tendril::patch::detail {

class Patches {
public:
    // For tests, with hooks of their own; the process's has all_hooks().
    explicit Patches(std::span<const Hooks> hooks);
    Patches(const Patches&) = delete;
    Patches& operator=(const Patches&) = delete;
    ~Patches();

    static Patches& of_process();  // never destroyed

    // As in patch/patch.hpp, with the classes that are left after `except`. Throws: patch::Error.
    void library(std::string_view name, Classes classes, const std::vector<std::string>& require);
    void program(Classes classes, const std::vector<std::string>& require);
    void all(Classes classes, const std::vector<std::string>& require);
    void unpatch();

    // Patches what was loaded since, if anything was asked for. Costs some 50 ns when nothing was loaded.
    void look() noexcept;

    // For what waits, which is the time for it: look() of the process's patches, if 10 ms have passed since this OS
    // thread's last. Finds what objects that are not patched have loaded, the C library, for example.
    static void look_now_and_then(std::int64_t now_ns) noexcept;

    struct Slot {
        std::uintptr_t* place;
        std::uintptr_t old;  // as it was before: the C library's function, or the way to look that up
        const Hook* hook;
    };
    // What was done in one object.
    struct Patched {
        std::uintptr_t base = 0;
        std::string path;
        Classes classes;
        std::vector<Slot> slots;
        std::set<std::string, std::less<>> taken;  // symbols whose slots lead to something else
    };

    // Calls f for each loaded object, with what was done in it; nullptr: nothing. f must not call this object.
    void visit(const std::function<void(const ElfObject&, const Patched*)>& f);

    // Returns: those of the object whose base this is; none if it is not patched.
    Classes classes_at(std::uintptr_t base) noexcept;

    // Returns: nullptr: there is none.
    const Hook* hook_for(std::string_view symbol) const noexcept;

    // Whether it is of a table of the C library's own functions, which is never patched.
    bool is_plain(const ImportSlot& slot) const noexcept;

private:
    using Objects = std::vector<ElfObject>;
    // What was asked for.
    struct Wish {
        enum Of : std::uint8_t { one_library, executable, everything } of = everything;
        std::string name;  // of a library, as it was asked for
        Classes classes;
    };
    struct Entry {
        const Hook* hook;
        bool interposed;  // the name means another object's function wherever it is looked up among all
    };
    struct Change {
        ImportSlot slot;
        std::uintptr_t old;
        const Hook* hook;
    };

    void ask(const Wish& wish, const std::vector<std::string>& require);
    void check(const Wish& wish, const std::vector<std::string>& require, const Objects& objects) const;
    std::vector<Classes> wanted(const std::vector<Wish>& wishes, const Objects& objects) const;
    // Patches what is wanted and not done. Returns: false if an object must be looked at again later.
    bool apply(const Objects& objects, bool asked) TENDRIL_REQUIRES(mutex_);
    bool patch(const Objects& objects, const ElfObject& object, Classes classes, std::optional<PageProtection>& pages,
               bool asked) TENDRIL_REQUIRES(mutex_);
    std::vector<Change> changes_in(const Objects& objects, const ElfObject& object, Classes classes,
                                   Patched& patched) const;
    void forget_unloaded(const Objects& objects) TENDRIL_REQUIRES(mutex_);
    Patched* find(const ElfObject& object) noexcept TENDRIL_REQUIRES(mutex_);

    std::unordered_map<std::string_view, Entry> hooks_;  // by symbol
    std::vector<AddressRange> plain_;                    // tables of the C library's own functions: never patched

    std::atomic<bool> active_{false};
    std::atomic<std::uint64_t> looked_at_{0};  // LoadCount::loaded when nothing was left to be done

    tendril::detail::Mutex mutex_{tendril::detail::Rank::patches};
    std::vector<Wish> wishes_ TENDRIL_GUARDED_BY(mutex_);
    std::vector<Patched> patched_ TENDRIL_GUARDED_BY(mutex_);
    LoadCount seen_ TENDRIL_GUARDED_BY(mutex_);
};

}  // namespace tendril::patch::detail
