// SPDX-License-Identifier: MIT

#include <tendril/patch/classes.hpp>

#include <algorithm>
#include <array>

#include <tendril/patch/patch.hpp>

namespace tendril::patch {

namespace {

struct Named {
    Class of;
    std::string_view name;
};
constexpr std::array<Named, 8> known{{{Class::io, "io"},
                                      {Class::sleep, "sleep"},
                                      {Class::names, "names"},
                                      {Class::processes, "processes"},
                                      {Class::sync, "sync"},
                                      {Class::threads, "threads"},
                                      {Class::keys, "keys"},
                                      {Class::signals, "signals"}}};

Classes parse_one(std::string_view name) {
    if (name == "all") {
        return Classes::all();
    }
    if (name == "none") {
        return {};
    }
    const auto found = std::find_if(known.begin(), known.end(), [name](const Named& n) { return n.name == name; });
    if (found == known.end()) {
        throw Error("patch: unknown class \"" + std::string(name) + "\"; known are " + to_string(Classes::all()) +
                    ", all and none");
    }
    return found->of;
}

}  // namespace

Classes parse_classes(std::string_view names) {
    Classes result;
    while (!names.empty()) {
        const std::string_view name = names.substr(0, names.find(','));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        result = result | parse_one(name);
    }
    return result;
}

std::string to_string(Classes classes) {
    std::string text;
    for (const Named& one : known) {
        if (classes.has(one.of)) {
            text.append(text.empty() ? "" : ",").append(one.name);
        }
    }
    return text.empty() ? "none" : text;
}

}  // namespace tendril::patch
