// SPDX-License-Identifier: MIT

#include <tendril/patch/report.hpp>

#include <algorithm>
#include <ostream>
#include <set>

#include <tendril/patch/patch.hpp>

#include "patch/blocking_calls.hpp"
#include "patch/callee.hpp"
#include "patch/patches.hpp"
#include "patch/raw_syscalls.hpp"

namespace tendril::patch {

namespace {

using detail::ElfObject;
using detail::Hook;
using detail::ImportSlot;
using detail::Patches;
using Names = std::set<std::string, std::less<>>;

void count(std::vector<ObjectReport::Slots>& slots, Class of) {
    const auto found = std::find_if(slots.begin(), slots.end(), [of](const auto& s) { return s.of == of; });
    if (found != slots.end()) {
        ++found->count;
    } else {
        slots.push_back({of, 1});
    }
}

ObjectReport report_of(const ElfObject& object, const Patches::Patched* patched, const Patches& patches) {
    ObjectReport result;
    result.path = object.path();
    result.left_alone = is_left_alone(object);
    if (patched != nullptr) {
        result.classes = patched->classes;
        result.taken.assign(patched->taken.begin(), patched->taken.end());
        for (const Patches::Slot& slot : patched->slots) {
            count(result.slots, slot.hook->of);
        }
    }
    if (result.left_alone) {
        return result;
    }
    Names blocking;
    Names uncovered;
    object.for_each_import_slot([&](const ImportSlot& slot) {
        if (patches.is_plain(slot)) {
            return;
        }
        if (const Hook* const hook = patches.hook_for(slot.symbol); hook == nullptr) {
            if (detail::may_block(slot.symbol)) {
                uncovered.emplace(slot.symbol);
            }
        } else if (!covers(result.classes, *hook)) {
            blocking.emplace(slot.symbol);
        }
    });
    result.blocking.assign(blocking.begin(), blocking.end());
    result.uncovered.assign(uncovered.begin(), uncovered.end());
    result.raw_syscalls = count_raw_syscalls(object);
    result.has_constructors = object.has_constructors();
    return result;
}

void append(std::string& text, std::string_view label, const std::vector<std::string>& names) {
    if (names.empty()) {
        return;
    }
    text.append("    ").append(label);
    for (const std::string& name : names) {
        text.append(" ").append(name);
    }
    text.append("\n");
}

void append(std::string& text, const ObjectReport& object) {
    text.append(object.path).append(": ").append(std::to_string(object.slot_count())).append(" slots");
    for (const ObjectReport::Slots& slots : object.slots) {
        text.append(&slots == object.slots.data() ? " (" : ", ");
        text.append(slots.of == Class{} ? "loader" : to_string(slots.of))
            .append(" ")
            .append(std::to_string(slots.count));
    }
    text.append(object.slots.empty() ? "\n" : ")\n");
    append(text, "left out:", object.blocking);
    append(text, "no hook: ", object.uncovered);
    append(text, "taken:   ", object.taken);
    if (object.raw_syscalls != 0) {
        text.append("    in its code, ")
            .append(std::to_string(object.raw_syscalls))
            .append(" places look like system calls past the C library\n");
    }
    if (object.has_constructors) {
        text.append("    its constructors ran before it was patched\n");
    }
}

}  // namespace

std::size_t ObjectReport::slots_of(Class of) const noexcept {
    const auto found = std::find_if(slots.begin(), slots.end(), [of](const Slots& s) { return s.of == of; });
    return found != slots.end() ? found->count : 0;
}

std::size_t ObjectReport::slot_count() const noexcept {
    std::size_t sum = 0;
    for (const Slots& one : slots) {
        sum += one.count;
    }
    return sum;
}

const ObjectReport* Report::find(std::string_view name) const noexcept {
    for (const ObjectReport& object : objects) {
        const std::string_view path = object.path;
        const std::string_view file = path.substr(path.find_last_of('/') + 1);
        if (file.substr(0, name.size()) == name && (file.size() == name.size() || file[name.size()] == '.')) {
            return &object;
        }
    }
    return nullptr;
}

Report report() {
    Report result;
    Patches& patches = Patches::of_process();
    patches.look();
    patches.visit([&](const ElfObject& object, const Patches::Patched* patched) {
        if (object.is_program() && !object.is_dynamic()) {
            throw Error("patch: this program is static: its calls go through no slots that could be patched");
        }
        result.objects.push_back(report_of(object, patched, patches));
    });
    return result;
}

std::string to_string(const Report& report) {
    std::string text;
    for (const ObjectReport& object : report.objects) {
        if (!object.classes.empty()) {
            append(text, object);
        }
    }
    for (const ObjectReport& object : report.objects) {
        if (object.classes.empty() && !object.left_alone) {
            text.append(object.path).append(": not patched");
            text.append(object.blocking.empty() ? ", and imports nothing that a patch is for\n" : "\n");
            append(text, "blocks:  ", object.blocking);
        }
    }
    return text;
}

std::ostream& operator<<(std::ostream& out, const Report& report) {
    return out << to_string(report);
}

}  // namespace tendril::patch
