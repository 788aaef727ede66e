// SPDX-License-Identifier: MIT

#include <tendril/http/media_type.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "http/message/chars.hpp"
#include "http/message/parameters.hpp"

namespace tendril::http {

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// Sorted by extension.
constexpr std::array types = std::to_array<Pair>({
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"apk", "application/vnd.android.package-archive"},
    {"atom", "application/atom+xml"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bin", "application/octet-stream"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/plain"},
    {"cpp", "text/plain"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"deb", "application/vnd.debian.binary-package"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eot", "application/vnd.ms-fontobject"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"h", "text/plain"},
    {"heic", "image/heic"},
    {"hpp", "text/plain"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"jar", "application/java-archive"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"jsonld", "application/ld+json"},
    {"jxl", "image/jxl"},
    {"log", "text/plain"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"map", "application/json"},
    {"md", "text/markdown"},
    {"mid", "audio/midi"},
    {"mjs", "text/javascript"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"py", "text/plain"},
    {"rar", "application/vnd.rar"},
    {"rss", "application/rss+xml"},
    {"rtf", "application/rtf"},
    {"sh", "text/plain"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"toml", "application/toml"},
    {"ts", "video/mp2t"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"vtt", "text/vtt"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
});
static_assert(std::is_sorted(types.begin(), types.end()));

constexpr std::size_t most_parameters = 32;
constexpr int most_elements = 100;

// Parses "0", "0.5" or "1.000" into thousandths (RFC 9110, 12.4.2). Returns: -1 if the text is not a weight.
int parse_weight(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.')) {
        return -1;
    }
    int weight = (text[0] - '0') * 1000;
    int digit = 100;
    for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
        if (!detail::is_digit(c)) {
            return -1;
        }
        weight += (c - '0') * digit;
        digit /= 10;
    }
    return weight <= 1000 ? weight : -1;
}

struct Element {
    std::string_view value;  // before the parameters
    int quality = 1000;      // -1 if malformed
    bool has_parameters = false;
};

Element parse_element(std::string_view text) {
    const std::size_t end = std::min(text.find(';'), text.size());
    Element element{.value = detail::trimmed(text.substr(0, end))};
    std::string_view rest = text.substr(end);
    std::string name;
    std::string value;
    detail::Found found{};
    while ((found = detail::next_parameter(rest, name, value, detail::Backslash::any)) == detail::Found::one) {
        if (name == "q") {
            element.quality = parse_weight(value);
            return element;  // extensions follow
        }
        element.has_parameters = true;
    }
    if (found == detail::Found::malformed) {
        element.quality = -1;
    }
    return element;
}

// Calls f(element) for each valid element of all fields of that name, 100 at most.
template <class F>
void each_element(const Headers& headers, std::string_view field, F f) {
    int left = most_elements;
    for (const std::string_view each : headers.values(field)) {
        std::string_view rest = each;
        for (std::string_view text; left > 0 && detail::next_in_list(rest, text); --left) {
            if (const Element element = parse_element(text); element.quality >= 0) {
                f(element);
            }
        }
    }
}

// Returns: how closely a range such as "text/*" fits, from 0 (not at all) to 3.
int closeness(std::string_view range, std::string_view type) noexcept {
    if (range == "*/*") {
        return 1;
    }
    if (range.ends_with("/*")) {
        const std::size_t upto_slash = range.size() - 1;
        return detail::same_ignoring_case(range.substr(0, upto_slash), type.substr(0, upto_slash)) ? 2 : 0;
    }
    return detail::same_ignoring_case(range, type) ? 3 : 0;
}

template <class Quality>
std::string_view best(const Headers& headers, std::initializer_list<std::string_view> offered, Quality quality) {
    std::string_view found;
    int best_so_far = 0;
    for (const std::string_view each : offered) {
        if (const int q = quality(headers, each); q > best_so_far) {
            found = each;
            best_so_far = q;
        }
    }
    return found;
}

}  // namespace

std::string_view media_type_for(std::string_view filename) noexcept {
    constexpr std::string_view unknown = "application/octet-stream";
    const std::size_t dot = filename.rfind('.');
    if (dot == std::string_view::npos) {
        return unknown;
    }
    const std::string_view extension = filename.substr(dot + 1);
    std::array<char, 16> lower{};
    if (extension.size() > lower.size()) {
        return unknown;
    }
    std::transform(extension.begin(), extension.end(), lower.begin(), detail::lower);
    const std::string_view wanted(lower.data(), extension.size());
    const auto found =
        std::lower_bound(types.begin(), types.end(), wanted, [](const Pair& p, auto key) { return p.first < key; });
    return found != types.end() && found->first == wanted ? found->second : unknown;
}

std::optional<MediaType> MediaType::parse(std::string_view text) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view both = detail::trimmed(text.substr(0, end));
    const std::size_t slash = std::min(both.find('/'), both.size());
    if (!detail::is_token(both.substr(0, slash)) || slash == both.size() || !detail::is_token(both.substr(slash + 1))) {
        return std::nullopt;
    }
    MediaType parsed;
    parsed.type.assign(both.substr(0, slash));
    parsed.subtype.assign(both.substr(slash + 1));
    for (std::string* each : {&parsed.type, &parsed.subtype}) {
        std::transform(each->begin(), each->end(), each->begin(), detail::lower);
    }
    std::string_view rest = text.substr(end);
    Parameter one;
    detail::Found found{};
    while ((found = detail::next_parameter(rest, one.name, one.value, detail::Backslash::any)) == detail::Found::one) {
        if (parsed.parameters.size() == most_parameters) {
            return std::nullopt;
        }
        parsed.parameters.push_back(one);
    }
    return found == detail::Found::end ? std::optional(std::move(parsed)) : std::nullopt;
}

bool MediaType::is(std::string_view both) const noexcept {
    return both.size() == type.size() + 1 + subtype.size() && both[type.size()] == '/' &&
           detail::same_ignoring_case(both.substr(0, type.size()), type) &&
           detail::same_ignoring_case(both.substr(type.size() + 1), subtype);
}

std::string_view MediaType::parameter(std::string_view name) const noexcept {
    for (const Parameter& each : parameters) {
        if (detail::same_ignoring_case(each.name, name)) {
            return each.value;
        }
    }
    return {};
}

int type_quality(const Headers& headers, std::string_view type) {
    int quality = headers.contains("Accept") ? 0 : 1000;
    int closest = 0;
    each_element(headers, "Accept", [&](const Element& element) {
        const int fits = element.has_parameters ? 0 : closeness(element.value, type);
        if (fits > closest) {
            closest = fits;
            quality = element.quality;
        }
    });
    return quality;
}

int encoding_quality(const Headers& headers, std::string_view coding) {
    const bool identity = detail::same_ignoring_case(coding, "identity");
    int quality = identity ? 1000 : 0;
    bool named = false;
    each_element(headers, "Accept-Encoding", [&](const Element& element) {
        if (detail::same_ignoring_case(element.value, coding)) {
            quality = named ? std::max(quality, element.quality) : element.quality;
            named = true;
        } else if (!named && element.value == "*") {
            quality = element.quality;
        }
    });
    return quality;
}

bool accepts_encoding(const Headers& headers, std::string_view coding) {
    return encoding_quality(headers, coding) > 0;
}

std::string_view preferred_type(const Headers& headers, std::initializer_list<std::string_view> offered) {
    return best(headers, offered, type_quality);
}

std::string_view preferred_encoding(const Headers& headers, std::initializer_list<std::string_view> offered) {
    return best(headers, offered, encoding_quality);
}

}  // namespace tendril::http
