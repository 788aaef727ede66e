// SPDX-License-Identifier: MIT
//
// The methods and properties beside the specification: the XML of Debian's package amqp-specs (tools/setup --test).

#include "amqp/protocol/methods.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tendril::amqp::detail {
namespace {

constexpr const char* specification = "/usr/share/amqp/specs/0-9-1-rabbit/amqp0-9-1.stripped.extended.xml";

using Attributes = std::map<std::string, std::string>;

// The next element's name and attributes; "/name" for an end. Returns: false behind the last. No value has a '>'.
bool next_element(std::string_view& xml, std::string& name, Attributes& attributes) {
    const std::size_t begin = xml.find('<');
    if (begin == std::string_view::npos) {
        return false;
    }
    xml.remove_prefix(begin + 1);
    if (xml.starts_with("!--")) {
        xml.remove_prefix(xml.find("-->"));
        return next_element(xml, name, attributes);
    }
    std::string_view tag = xml.substr(0, xml.find('>'));
    xml.remove_prefix(tag.size() + 1);
    name = tag.substr(0, tag.find_first_of(" \n/", 1));
    attributes.clear();
    while (true) {
        const std::size_t equals = tag.find("=\"");
        if (equals == std::string_view::npos) {
            return true;
        }
        const std::size_t start = tag.find_last_of(" \n", equals) + 1;
        const std::size_t end = tag.find('"', equals + 2);
        attributes[std::string(tag.substr(start, equals - start))] = tag.substr(equals + 2, end - equals - 2);
        tag.remove_prefix(end + 1);
    }
}

// "name kind" for each field; the first line is "class,method synchronous content".
using Description = std::vector<std::string>;
using Methods = std::map<std::string, Description>;

std::string first_line(const std::string& numbers, bool synchronous, bool content) {
    return numbers + (synchronous ? " synchronous" : "") + (content ? " content" : "");
}

Methods read_specification(std::string_view xml, Description& properties) {
    std::map<std::string, std::string> domains;
    Methods methods;
    std::string name;
    std::string class_name;
    std::string class_index;
    std::string method;
    Attributes at;
    while (next_element(xml, name, at)) {
        if (name == "domain") {
            domains[at["name"]] = at["type"];
        } else if (name == "class") {
            class_name = at["name"];
            class_index = at["index"];
        } else if (name == "method") {
            method = class_name + "." + at["name"];
            methods[method] = {
                first_line(class_index + "," + at["index"], at.count("synchronous") != 0, at.count("content") != 0)};
        } else if (name == "/method") {
            method.clear();
        } else if (name == "field") {
            const std::string kind = domains[at["domain"].empty() ? at["type"] : at["domain"]];
            (method.empty() ? properties : methods[method]).push_back(at["name"] + " " + kind);
        }
    }
    return methods;
}

struct Describe {
    Description& lines;
    void add(std::string_view name, const char* kind) { lines.push_back(std::string(name) + " " + kind); }
    void operator()(std::string_view name, const ShortString& /*t*/) { add(name, "shortstr"); }
    void operator()(std::string_view name, const LongString& /*t*/) { add(name, "longstr"); }
    void operator()(std::string_view name, const Table& /*t*/) { add(name, "table"); }
    void operator()(std::string_view name, const bool& /*t*/) { add(name, "bit"); }
    void operator()(std::string_view name, const std::uint8_t& /*t*/) { add(name, "octet"); }
    void operator()(std::string_view name, const std::uint16_t& /*t*/) { add(name, "short"); }
    void operator()(std::string_view name, const std::uint32_t& /*t*/) { add(name, "long"); }
    void operator()(std::string_view name, const std::uint64_t& /*t*/) { add(name, "longlong"); }
    template <class T>
    void operator()(std::string_view name, Reserved<T> /*r*/) {
        (*this)(name, T{});
    }
};

template <class... M>
Methods describe(MethodList<M...> /*methods*/) {
    Methods methods;
    (
        [&methods] {
            Description& lines = methods[std::string(M::info.name)];
            lines.push_back(first_line(std::to_string(M::info.id.of_class) + "," + std::to_string(M::info.id.of_method),
                                       M::info.synchronous, M::info.content));
            const M m;
            Describe each{lines};
            M::fields(m, each);
        }(),
        ...);
    return methods;
}

TEST(AmqpMethods, TQ01_AreThoseOfTheSpecification) {
    std::ifstream file(specification);
    if (!file) {
        GTEST_SKIP() << "amqp-specs is not installed: no " << specification;
    }
    const std::string xml{std::istreambuf_iterator<char>(file), {}};
    Description properties;
    Methods expected = read_specification(xml, properties);
    // What RabbitMQ added later, as its page on the specification has it.
    expected["connection.blocked"] = {"10,60", "reason shortstr"};
    expected["connection.unblocked"] = {"10,61"};
    expected["connection.update-secret"] = {"10,70 synchronous", "new-secret longstr", "reason shortstr"};
    expected["connection.update-secret-ok"] = {"10,71 synchronous"};

    const Methods ours = describe(AllMethods{});
    EXPECT_EQ(ours.size(), 64u);
    EXPECT_EQ(ours.size(), expected.size());
    for (const auto& [name, lines] : expected) {
        const auto at = ours.find(name);
        ASSERT_NE(at, ours.end()) << name;
        EXPECT_EQ(at->second, lines) << name;
    }
    const Description known{
        "content-type shortstr", "content-encoding shortstr", "headers table",     "delivery-mode octet",
        "priority octet",        "correlation-id shortstr",   "reply-to shortstr", "expiration shortstr",
        "message-id shortstr",   "timestamp timestamp",       "type shortstr",     "user-id shortstr",
        "app-id shortstr",       "reserved shortstr"};
    EXPECT_EQ(properties, known) << "what properties.cpp writes and reads, in this order";
}

}  // namespace
}  // namespace tendril::amqp::detail
