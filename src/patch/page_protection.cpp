// SPDX-License-Identifier: MIT

#include "patch/page_protection.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "base/libc.hpp"

namespace tendril::patch::detail {

namespace {

using tendril::detail::libc;

std::string all_of(const char* path) {
    std::string text;
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return text;
    }
    std::array<char, 16384> piece{};
    while (true) {
        const ssize_t got = libc.read(fd, piece.data(), piece.size());
        if (got <= 0) {
            break;
        }
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    libc.close(fd);
    return text;
}

}  // namespace

PageProtection::PageProtection() {
    const std::string text = all_of("/proc/self/maps");
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        AddressRange range;
        const char* const end = line.data() + line.size();
        const auto first = std::from_chars(line.data(), end, range.begin, 16);
        if (first.ec != std::errc() || first.ptr == end) {
            continue;
        }
        const auto second = std::from_chars(first.ptr + 1, end, range.end, 16);
        if (second.ec != std::errc() || end - second.ptr < 3 || second.ptr[2] != 'w') {
            continue;
        }
        if (!writable_.empty() && writable_.back().end == range.begin) {
            writable_.back().end = range.end;
        } else {
            writable_.push_back(range);
        }
    }
}

bool PageProtection::is_writable(AddressRange range) const noexcept {
    for (const AddressRange& part : writable_) {
        if (part.contains(range.begin)) {
            return range.end <= part.end;
        }
    }
    return false;
}

AddressRange page_of(const void* address) noexcept {
    static const auto size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(address) & ~(size - 1);
    return {begin, begin + size};
}

WritablePages::WritablePages(AddressRange pages, const PageProtection& now) noexcept : pages_(pages) {
    if (!pages.empty() && !now.is_writable(pages)) {
        writable_ = opened_ =
            ::mprotect(reinterpret_cast<void*>(pages.begin), pages.end - pages.begin, PROT_READ | PROT_WRITE) == 0;
    }
}

WritablePages::~WritablePages() {
    if (opened_) {
        ::mprotect(reinterpret_cast<void*>(pages_.begin), pages_.end - pages_.begin, PROT_READ);
    }
}

}  // namespace tendril::patch::detail
