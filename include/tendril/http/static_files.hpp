// SPDX-License-Identifier: MIT
// Floor: http
//
// StaticFiles: a handler that serves the files of a folder.
//
//     http::serve(listen(":8080"), StaticFiles("/srv/www"));
//     router.add("*", "/static/{path...}", StaticFiles("assets", {.prefix = "/static/", .cache_control = "no-cache"}));
//
// Serves GET and HEAD (others get 405), ranges, also several at once, and conditional requests (RFC 9110, 13 and 14),
// by an ETag made of the file's time and size, and by its date. Files are opened in the thread pool and sent by the
// kernel.
//
// Nothing outside the folder can be reached: links that lead out of it, files that are not regular, and hidden files
// (.git) count as missing. On kernels without openat2 (before 5.6) no links are followed. Every user who may write into
// the folder decides what is served. Any number of hubs may use one object; copies share their state.
//
// Example: examples/http_static.cpp

#pragma once

#include <memory>
#include <string>

#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>

namespace tendril::http {

// Options of StaticFiles.
struct StaticOptions {
    std::string prefix = "/";          // paths with this prefix are served; the rest is looked up in the folder
    std::string index = "index.html";  // the file that "/" and "/folder/" mean; "": none
    std::string cache_control = {};    // the header Cache-Control, sent with each file; "": none
    std::string charset = "utf-8";     // stated for files of type text/...; "": none
    bool precompressed = false;        // send x.gz in place of x, if it is not older, to clients that accept gzip
    bool listing = false;              // answer a folder without an index with a page of its entries (at most 10,000)
    bool hidden = false;               // serve, and list, names that begin with a dot
};

class StaticFiles {
public:
    // Opens the folder once, to check it; does not yield. Throws: std::system_error: there is no such folder;
    // std::invalid_argument: a prefix that does not begin and end with a slash, or an index with a slash.
    explicit StaticFiles(std::string root, StaticOptions options = {});

    // Answers a request: 404 for files that do not exist or must not be seen; 403 for files that the system does not
    // allow reading; 301 to the path with a slash for a folder without one.
    // Yields. Throws: what sending throws; std::system_error for other errors of the system.
    void operator()(Request& request, Response& response) const;

private:
    struct State;
    std::shared_ptr<const State> state_;
};

}  // namespace tendril::http
