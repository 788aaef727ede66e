// SPDX-License-Identifier: MIT

#include <tendril/http/safe_path.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <tendril/http/message.hpp>
#include <tendril/thread_pool.hpp>

#include "base/sys.hpp"
#include "http/server/static_open.hpp"

namespace tendril::http {

namespace {

constexpr std::size_t longest = 4000;  // below the system's PATH_MAX

bool is_refused(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f || u == '\\';
}

// Returns: a relative path without empty and dot segments, "" for the root; nothing if `untrusted` is refused.
std::optional<std::string> cleaned(std::string_view untrusted) {
    if (untrusted.starts_with('/') || untrusted.size() > longest ||
        std::any_of(untrusted.begin(), untrusted.end(), is_refused)) {
        return std::nullopt;
    }
    std::string clean;
    while (!untrusted.empty()) {
        const std::size_t end = std::min(untrusted.find('/'), untrusted.size());
        const std::string_view segment = untrusted.substr(0, end);
        if (segment == "..") {
            return std::nullopt;
        }
        if (!segment.empty() && segment != ".") {
            clean.append(clean.empty() ? "" : "/").append(segment);
        }
        untrusted.remove_prefix(std::min(end + 1, untrusted.size()));
    }
    return clean;
}

struct Opened {
    Fd file;
    int error = 0;
};

Opened open_regular(const std::string& root, const std::string& path) {
    const Fd folder(sys::open(root, O_PATH | O_DIRECTORY));
    if (!folder.is_open()) {
        return {Fd(), -folder.get()};
    }
    Fd file = detail::open_below(folder.get(), path);
    if (!file.is_open()) {
        return {Fd(), -file.get()};
    }
    sys::FileStatus status{};
    if (const int r = sys::file_status(file.get(), status); r < 0) {
        return {Fd(), -r};
    }
    return S_ISREG(status.mode) ? Opened{std::move(file), 0} : Opened{Fd(), ENOENT};
}

}  // namespace

std::optional<std::string> safe_join(std::string_view root, std::string_view untrusted) {
    const std::optional<std::string> clean = cleaned(untrusted);
    if (!clean.has_value()) {
        return std::nullopt;
    }
    std::string joined(root.empty() ? std::string_view(".") : root);
    if (!clean->empty()) {
        joined.append(joined.ends_with('/') ? "" : "/").append(*clean);
    }
    return joined;
}

File open_beneath(const std::string& root, std::string_view untrusted) {
    const std::optional<std::string> clean = cleaned(untrusted);
    if (!clean.has_value()) {
        throw StatusError(404, "Not Found\n");
    }
    Opened opened = offload(open_regular, root, *clean);
    if (opened.error == 0) {
        return File::adopt(std::move(opened.file));
    }
    if (const int status = detail::status_of(opened.error); status != 0) {
        throw StatusError(status, std::string(reason(status)) + "\n");
    }
    throw std::system_error(opened.error, std::system_category(), "open_beneath");
}

}  // namespace tendril::http
