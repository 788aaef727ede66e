// SPDX-License-Identifier: MIT

#include "patch/patches.hpp"

#include <dlfcn.h>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define TENDRIL_HAS_SINGLE_THREADED 1
#endif

#include <algorithm>

#include <tendril/patch/patch.hpp>

#include "base/libc.hpp"
#include "patch/callee.hpp"
#include "patch/choice.hpp"
#include "patch/extra_hooks.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;
using tendril::detail::MutexLock;

namespace {

AddressRange range_of(std::span<const std::byte> bytes) noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
    return {begin, begin + bytes.size()};
}

std::uintptr_t address_of(const Hook& hook) noexcept {
    return reinterpret_cast<std::uintptr_t>(hook.replacement);
}

// As the C library notes before the first OS thread is created: else the C++ library takes a green thread that meets
// a static whose initialisation waits for one that initialises it recursively, and throws.
void note_threads() noexcept {
#ifdef TENDRIL_HAS_SINGLE_THREADED
    __libc_single_threaded = 0;
#endif
}

bool sanitized() noexcept {
    for (const char* symbol : {"__asan_init", "__tsan_init", "__msan_init", "__hwasan_init"}) {
        if (libc.dlsym(RTLD_DEFAULT, symbol) != nullptr) {
            return true;
        }
    }
    return false;
}

}  // namespace

// dlsym() takes a lock of the dynamic linker's that comes before those held in with_loaded_objects().
Patches::Patches(std::span<const Hooks> hooks) : plain_{range_of(libc.bytes()), range_of(real.bytes())} {
    libc.detach();
    real.detach();
    std::vector<std::pair<Entry*, std::uintptr_t>> first;
    for (const Hooks& area : hooks) {
        for (const Hook& hook : area) {
            Entry& entry = hooks_.emplace(hook.symbol, Entry{&hook, false}).first->second;
            first.emplace_back(&entry, reinterpret_cast<std::uintptr_t>(libc.dlsym(RTLD_DEFAULT, hook.symbol)));
        }
    }
    with_loaded_objects([&first](const Objects& objects) {
        for (const auto& [entry, address] : first) {
            const ElfObject* const owner = object_at(objects, address);
            entry->interposed = owner != nullptr && !is_c_library(*owner) &&
                                !(owner->is_program() && owner->canonical_entry(entry->hook->symbol) == address);
        }
    });
}

Patches::~Patches() {
    unpatch();
}

namespace {
constinit std::atomic<Patches*> made{nullptr};
constexpr std::int64_t look_every_ns = 10'000'000;
}  // namespace

Patches& Patches::of_process() {
    static Patches& patches = *[] {
        auto* const all = new Patches(all_hooks());
        made.store(all, std::memory_order_release);
        return all;
    }();
    return patches;
}

void Patches::look_now_and_then(std::int64_t now_ns) noexcept {
    static constinit thread_local std::int64_t looked_ns = 0;
    if (now_ns - looked_ns >= look_every_ns) {
        looked_ns = now_ns;
        if (Patches* const patches = made.load(std::memory_order_acquire); patches != nullptr) {
            patches->look();
        }
    }
}

Classes Patches::classes_at(std::uintptr_t base) noexcept {
    const MutexLock lock(mutex_);
    for (const Patched& each : patched_) {
        if (each.base == base) {
            return each.classes;
        }
    }
    return {};
}

const Hook* Patches::hook_for(std::string_view symbol) const noexcept {
    const auto found = hooks_.find(symbol);
    return found != hooks_.end() ? found->second.hook : nullptr;
}

bool Patches::is_plain(const ImportSlot& slot) const noexcept {
    const auto place = reinterpret_cast<std::uintptr_t>(slot.place);
    return std::any_of(plain_.begin(), plain_.end(), [place](AddressRange range) { return range.contains(place); });
}

void Patches::library(std::string_view name, Classes classes, const std::vector<std::string>& require) {
    ask({Wish::one_library, std::string(name), classes}, require);
}

void Patches::program(Classes classes, const std::vector<std::string>& require) {
    ask({Wish::executable, {}, classes}, require);
}

void Patches::all(Classes classes, const std::vector<std::string>& require) {
    ask({Wish::everything, {}, classes}, require);
}

void Patches::ask(const Wish& wish, const std::vector<std::string>& require) {
    if (sanitized()) {
        throw Error("patch: a sanitizer's runtime is in this process, and it stands in for the same calls. Build "
                    "without -fsanitize, or do not patch");
    }
    with_loaded_objects([&](const Objects& objects) {
        check(wish, require, objects);
        const MutexLock lock(mutex_);
        const auto same = std::find_if(wishes_.begin(), wishes_.end(), [&wish](const Wish& other) {
            return other.of == wish.of && other.name == wish.name;
        });
        if (same == wishes_.end()) {
            wishes_.push_back(wish);
        } else {
            same->classes = same->classes | wish.classes;
        }
        note_threads();
        apply(objects, true);
        active_.store(true, std::memory_order_relaxed);
    });
}

void Patches::check(const Wish& wish, const std::vector<std::string>& require, const Objects& objects) const {
    if (objects.empty() || !objects.front().is_dynamic()) {
        throw Error("patch: this program is static: its calls go through no slots that could be patched");
    }
    if (wish.of == Wish::one_library) {
        bool found = false;
        for (const ElfObject& object : objects) {
            if (is_called(object, wish.name)) {
                found = true;
                if (is_left_alone(object)) {
                    throw Error("patch: " + std::string(object.file()) +
                                (holds_tendril(object) ? " holds tendril itself, whose calls must stay plain"
                                                       : " is never patched: the calls of others end in it"));
                }
            }
        }
        if (!found) {
            throw Error("patch: no loaded library is called " + wish.name + "; loaded are " +
                        near_names(objects, wish.name));
        }
    }
    const std::vector<Classes> chosen = wanted({wish}, objects);
    for (const std::string& symbol : require) {
        const Hook* const hook = hook_for(symbol);
        if (hook == nullptr || !covers(wish.classes, *hook)) {
            throw Error("patch: " + symbol +
                        (hook == nullptr ? " is required, but there is no hook for it"
                                         : " is required, but its class, " + to_string(hook->of) + ", is left out"));
        }
        bool imported = false;
        for (std::size_t i = 0; i < objects.size() && !imported; ++i) {
            if (!chosen[i].empty()) {
                objects[i].for_each_import_slot(
                    [&](const ImportSlot& slot) { imported = imported || slot.symbol == symbol; });
            }
        }
        if (!imported) {
            throw Error("patch: " + symbol + " is required, but none of the objects to be patched imports it");
        }
    }
}

std::vector<Classes> Patches::wanted(const std::vector<Wish>& wishes, const Objects& objects) const {
    std::vector<Classes> result(objects.size());
    for (const Wish& wish : wishes) {
        if (wish.of == Wish::one_library) {
            for (const std::size_t i : closure(objects, wish.name)) {
                result[i] = result[i] | wish.classes;
            }
            continue;
        }
        for (std::size_t i = 0; i < objects.size(); ++i) {
            const bool meant = wish.of == Wish::everything || objects[i].is_program() || is_cxx_library(objects[i]);
            if (meant && !is_left_alone(objects[i])) {
                result[i] = result[i] | wish.classes;
            }
        }
    }
    return result;
}

void Patches::look() noexcept {
    if (!active_.load(std::memory_order_relaxed) || load_count().loaded == looked_at_.load(std::memory_order_relaxed)) {
        return;
    }
    try {
        with_loaded_objects([this](const Objects& objects) {
            const MutexLock lock(mutex_);
            const std::uint64_t loaded = load_count().loaded;
            if (apply(objects, false)) {
                looked_at_.store(loaded, std::memory_order_relaxed);
            }
        });
    } catch (...) {  // no memory, or a page stays read-only: the next look tries again
    }
}

bool Patches::apply(const Objects& objects, bool asked) {
    forget_unloaded(objects);
    const std::vector<Classes> classes = wanted(wishes_, objects);
    std::optional<PageProtection> pages;
    bool complete = true;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        const Patched* const known = find(objects[i]);
        if (!classes[i].empty() && (known == nullptr || known->classes != classes[i])) {
            complete = patch(objects, objects[i], classes[i], pages, asked) && complete;
        }
    }
    return complete;
}

bool Patches::patch(const Objects& objects, const ElfObject& object, Classes classes,
                    std::optional<PageProtection>& pages, bool asked) {
    if (!pages.has_value()) {
        pages.emplace();
    }
    if (!asked && !object.relro().empty() && pages->is_writable(object.relro())) {
        return false;
    }
    Patched* patched = find(object);
    if (patched == nullptr) {
        patched = &patched_.emplace_back();
        patched->base = object.base();
        patched->path = object.path();
    }
    const std::vector<Change> changes = changes_in(objects, object, classes, *patched);
    patched->slots.reserve(patched->slots.size() + changes.size());
    for (const Change& change : changes) {
        const WritablePages page(page_of(change.slot.place), *pages);
        if (!page.writable()) {
            throw Error("patch: the system does not let pages of " + object.path() + " be written");
        }
        store_slot(change.slot.place, address_of(*change.hook));
        patched->slots.push_back({change.slot.place, change.old, change.hook});
    }
    patched->classes = classes;
    return true;
}

std::vector<Patches::Change> Patches::changes_in(const Objects& objects, const ElfObject& object, Classes classes,
                                                 Patched& patched) const {
    std::vector<Change> changes;
    object.for_each_import_slot([&](const ImportSlot& slot) {
        const auto found = hooks_.find(slot.symbol);
        if (found == hooks_.end() || !covers(classes, *found->second.hook) || is_plain(slot)) {
            return;
        }
        const auto& [hook, interposed] = found->second;
        const std::uintptr_t value = load_slot(slot.place);
        if (value == 0 || value == address_of(*hook)) {  // 0: weak, and nobody has it
            return;
        }
        const Hooks extra = extra_hooks();
        if ((hook >= extra.data() && hook < extra.data() + extra.size()) ||
            leads_to_c_library(objects, object, slot, value, interposed)) {
            changes.push_back({slot, value, hook});
        } else {
            patched.taken.emplace(slot.symbol);
        }
    });
    return changes;
}

Patches::Patched* Patches::find(const ElfObject& object) noexcept {
    const auto found = std::find_if(patched_.begin(), patched_.end(), [&object](const Patched& p) {
        return p.base == object.base() && p.path == object.path();
    });
    return found != patched_.end() ? &*found : nullptr;
}

// After an unloading, the same file may lie at the same address again, unpatched.
void Patches::forget_unloaded(const Objects& objects) {
    const LoadCount now = load_count();
    if (now.unloaded != seen_.unloaded) {
        const auto gone = [&objects](const Patched& p) {
            return std::none_of(objects.begin(), objects.end(),
                                [&p](const ElfObject& o) { return p.base == o.base() && p.path == o.path(); });
        };
        patched_.erase(std::remove_if(patched_.begin(), patched_.end(), gone), patched_.end());
        for (const ElfObject& object : objects) {
            if (Patched* const patched = find(object); patched != nullptr) {
                const auto lost = [&object](const Slot& s) {
                    return !object.contains(reinterpret_cast<std::uintptr_t>(s.place)) ||
                           load_slot(s.place) != address_of(*s.hook);
                };
                if (std::erase_if(patched->slots, lost) != 0) {
                    patched->classes = {};
                }
            }
        }
    }
    seen_ = now;
}

void Patches::unpatch() {
    with_loaded_objects([this](const Objects& objects) {
        const MutexLock lock(mutex_);
        active_.store(false, std::memory_order_relaxed);
        const PageProtection pages;
        forget_unloaded(objects);
        for (const Patched& patched : patched_) {
            for (const Slot& slot : patched.slots) {
                const WritablePages page(page_of(slot.place), pages);
                if (page.writable() && load_slot(slot.place) == address_of(*slot.hook)) {
                    store_slot(slot.place, slot.old);
                }
            }
        }
        patched_.clear();
        wishes_.clear();
    });
}

void Patches::visit(const std::function<void(const ElfObject&, const Patched*)>& f) {
    with_loaded_objects([&](const Objects& objects) {
        const MutexLock lock(mutex_);
        forget_unloaded(objects);
        for (const ElfObject& object : objects) {
            f(object, find(object));
        }
    });
}

}  // namespace tendril::patch::detail
