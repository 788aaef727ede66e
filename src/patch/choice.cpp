// SPDX-License-Identifier: MIT

#include "patch/choice.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "patch/callee.hpp"

namespace tendril::patch::detail {

namespace {

bool starts_with_part(std::string_view file, std::string_view name) noexcept {
    return file.substr(0, name.size()) == name && (file.size() == name.size() || file[name.size()] == '.');
}

bool same_file(const std::string& a, const std::string& b) noexcept {
    struct stat of_a {};
    struct stat of_b {};
    return a == b || (::stat(a.c_str(), &of_a) == 0 && ::stat(b.c_str(), &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
                      of_a.st_ino == of_b.st_ino);
}

// Without "lib" and what follows the first dot: what a misspelt name is compared by.
std::string_view core(std::string_view name) noexcept {
    name = name.substr(name.find_last_of('/') + 1);
    if (name.substr(0, 3) == "lib") {
        name.remove_prefix(3);
    }
    return name.substr(0, name.find('.'));
}

}  // namespace

bool is_called(const ElfObject& object, std::string_view name) {
    if (name.empty() || object.is_program()) {
        return false;
    }
    if (name.find('/') != std::string_view::npos) {
        return same_file(object.path(), std::string(name));
    }
    return starts_with_part(object.file(), name) || starts_with_part(object.soname(), name);
}

std::vector<std::size_t> closure(const std::vector<ElfObject>& objects, std::string_view name) {
    std::vector<std::size_t> chosen;
    const auto add = [&](std::size_t i) {
        if (!is_left_alone(objects[i]) && std::find(chosen.begin(), chosen.end(), i) == chosen.end()) {
            chosen.push_back(i);
        }
    };
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (is_called(objects[i], name)) {
            add(i);
        }
    }
    for (std::size_t at = 0; at < chosen.size(); ++at) {
        for (const std::string_view needed : objects[chosen[at]].needed()) {
            for (std::size_t i = 0; i < objects.size(); ++i) {
                if (!objects[i].is_program() && (objects[i].soname() == needed || objects[i].file() == needed)) {
                    add(i);
                }
            }
        }
    }
    return chosen;
}

std::string near_names(const std::vector<ElfObject>& objects, std::string_view name) {
    std::string similar;
    std::string all;
    const std::string_view wanted = core(name);
    for (const ElfObject& object : objects) {
        if (object.is_program() || is_left_alone(object)) {
            continue;
        }
        const std::string_view known = core(object.file());
        const std::string_view start = wanted.substr(0, std::max<std::size_t>(wanted.size() / 2, 2));
        std::string& list = known.find(start) != std::string_view::npos ? similar : all;
        list.append(list.empty() ? "" : ", ").append(object.file());
    }
    if (!similar.empty()) {
        return similar;
    }
    return all.empty() ? "none" : all;
}

}  // namespace tendril::patch::detail
