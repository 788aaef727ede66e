// SPDX-License-Identifier: MIT
//
// Whatever text comes, Json refuses it or reads all of it, and what JsonWriter makes of a text is read as that text
// again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tendril/inspection.hpp>

#include "base/json.hpp"
#include "hub/inspect/json_writer.hpp"

namespace {

using tendril::detail::Json;
using tendril::detail::JsonWriter;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// Writes what was read.
void write(JsonWriter& out, const Json& value) {
    switch (value.kind()) {
    case Json::Kind::null:
        out.null();
        break;
    case Json::Kind::boolean:
        out.boolean(value.boolean());
        break;
    case Json::Kind::number:
        out.number(value.number());
        break;
    case Json::Kind::string:
        out.string(value.string());
        break;
    case Json::Kind::array:
        out.array();
        for (const Json& each : value.items()) {
            write(out, each);
        }
        out.end_array();
        break;
    case Json::Kind::object:
        out.object();
        for (const auto& [name, each] : value.members()) {
            out.key(name);
            write(out, each);
        }
        out.end_object();
        break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    JsonWriter any;
    const std::string once = Json::parse(any.string(text).take()).string();
    JsonWriter again;
    check(Json::parse(again.string(once).take()).string() == once);  // what was not UTF-8 has become so
    try {
        static_cast<void>(tendril::InspectionQuery::parse(text));
    } catch (const std::invalid_argument&) {
    }
    try {
        // What was not UTF-8 has become so once it is written, and two names may have become one.
        const auto written = [](const std::string_view json) {
            JsonWriter out;
            write(out, Json::parse(json));
            return out.take();
        };
        const std::string as_utf8 = written(written(text));
        check(written(as_utf8) == as_utf8);
    } catch (const std::invalid_argument&) {
    }
    return 0;
}
