// SPDX-License-Identifier: MIT
//
// Calls of amqp::Pool and amqp::Queue that must not compile, and what the compiler says of them; see check.py.

#include <string>
#include <vector>

#include <tendril/amqp/pool.hpp>
#include <tendril/amqp/queue.hpp>
#include <tendril/pool.hpp>

using namespace tendril::amqp;

struct Page {};

std::string fetch(const std::string& url) {
    return url;
}
inline constexpr Task fetch_page("fetch", fetch);

// clang-format off

void no_name(Pool& pool, std::vector<std::string> urls) {
    const auto lambda = [](const std::string& url) { return url; };
    pool.imap(lambda, urls);            // error: what runs elsewhere needs a name that its workers know
    pool.imap_unordered(fetch, urls);   // error: what runs elsewhere needs a name that its workers know
    pool.spawn([] { return 1; });       // error: what runs elsewhere needs a name that its workers know
}

void no_arguments(Pool& pool) {
    pool.spawn(fetch_page, 1, 2);  // error: cannot be called with these arguments
}

void no_codec(Client& client) {
    Queue<Page> pages(client, "pages");  // error: there is no Codec for this type
}

// clang-format on

// What must compile: the same text for both kinds of pool.
template <class P>
std::size_t both(P& pool, std::vector<std::string> urls) {
    std::size_t size = 0;
    for (std::string& page : pool.imap(fetch_page, urls)) {
        size += page.size();
    }
    return size + pool.map(fetch_page, urls).size() + pool.spawn(fetch_page, "a").get().size();
}
std::size_t right_calls(Pool& far, tendril::Pool& here) {
    return both(far, {}) + both(here, {});
}
