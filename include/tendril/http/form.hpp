// SPDX-License-Identifier: MIT
// Floor: http
//
// Percent-encoding (RFC 3986, 2.1), and Form: the names and values of a query or of a body that is
// application/x-www-form-urlencoded, as the URL standard has it. Pure; any thread.
//
//     const Form query = Form::parse(request.query());
//     const Form form = Form::parse(request.body().read_all());
//     std::string_view name = form.get("name");
//     std::string body = Form{{"name", "Ada L"}, {"year", "1842"}}.to_string();      name=Ada+L&year=1842

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tendril/http/message.hpp>

namespace tendril::http {

// How to treat a "%" that is not followed by two hexadecimal digits: refuse it, or keep it as it is ("100%").
enum class BadPercent : std::uint8_t { refused, kept };

// Decodes: "%41" becomes "A", and a "+" becomes a blank if plus_is_blank. The decoded bytes are not checked: they may
// be NUL, or not UTF-8. Throws: ProtocolError (400) for a "%" that is refused.
std::string percent_decode(std::string_view text, bool plus_is_blank = false, BadPercent bad = BadPercent::refused);

// Which characters are kept as they are, besides letters and digits.
enum class PercentSet : std::uint8_t {
    component,  // -._~ : one segment of a path, one name or value, a cookie's value
    path,       // and !$&'()*+,;=:@/ : a whole path
    query,      // and ? : a whole query
    form,       // *-._ , and a blank becomes "+"
};
// Encodes: every other byte becomes "%" and two hexadecimal digits, in upper case.
std::string percent_encode(std::string_view text, PercentSet keep = PercentSet::component);

// Limits on a form that a client sends. More: FormError.
struct FormLimits {
    std::size_t max_fields = 1000;  // of fields, at most
};

// Names and values, in order. A name may come several times.
class Form {
public:
    // A field of the form.
    struct Field {
        std::string name;   // as it was before it was encoded
        std::string value;  // likewise; any bytes
        friend bool operator==(const Field&, const Field&) = default;
    };

    Form() = default;
    Form(std::initializer_list<Field> fields) : fields_(fields) {}  // with these fields, to be sent by a client

    // Parses "a=1&b=x+y&c=%C3%A4". A field without "=" has an empty value; an empty field is ignored; a "%" without two
    // hexadecimal digits is kept. So no text is malformed.
    // Throws: ProtocolError (413) for too many fields. Memory: about 70 bytes per field, and the text.
    static Form parse(std::string_view text, const FormLimits& limits = {});

    // Returns: the first value of that name; "" if there is none. Case matters. Views are valid until the next add().
    std::string_view get(std::string_view name) const noexcept;
    // Returns: whether there is a field of that name.
    bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
    std::vector<std::string_view> values(std::string_view name) const;  // all values of that name, in order

    // Appends a field, as plain text. Fields of the same name stay.
    void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
    std::string to_string() const;  // the encoded text, as parse() reads it

    std::size_t size() const noexcept { return fields_.size(); }
    bool empty() const noexcept { return fields_.empty(); }
    auto begin() const noexcept { return fields_.begin(); }
    auto end() const noexcept { return fields_.end(); }
    friend bool operator==(const Form&, const Form&) = default;

private:
    const Field* find(std::string_view name) const noexcept;

    std::vector<Field> fields_;
};

}  // namespace tendril::http
