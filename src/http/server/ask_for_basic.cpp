// SPDX-License-Identifier: MIT

#include <string>
#include <string_view>

#include <tendril/http/credentials.hpp>
#include <tendril/http/response.hpp>

#include "http/message/basic.hpp"

namespace tendril::http {

void ask_for_basic(Response& response, std::string_view realm) {
    std::string challenge = "Basic realm=";
    detail::append_quoted(challenge, realm);
    response.set("WWW-Authenticate", challenge + R"(, charset="UTF-8")");
    response.send(401, "401 Unauthorized\n", "text/plain");
}

}  // namespace tendril::http
