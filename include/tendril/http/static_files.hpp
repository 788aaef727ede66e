// SPDX-License-Identifier: MIT
// Floor: http
//
// StaticFiles: a handler that serves the files of a folder.
//
//     http::serve(listen(":8080"), StaticFiles("/srv/www"));
//     router.add("*", "/static/{path...}", StaticFiles("assets", {.prefix = "/static/", .cache_control = "no-cache"}));
//
// GET and HEAD (others: 405), ranges, several of them too, and conditional requests (RFC 9110, 13 and 14), by an ETag
// of the file's time and size, and by its date. Files are opened in the thread pool and sent by the kernel.
//
// Nothing outside of the folder can be reached: a link that leads out of it is as good as none, and so is what is no
// regular file, and a hidden file (.git). Where the kernel has no openat2 (before 5.6), no link is followed at all.
// Whoever may write into the folder decides what is served. Example: examples/http_static.cpp

#pragma once

#include <memory>
#include <string>

#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>

namespace tendril::http {

struct StaticOptions {
    std::string prefix = "/";          // of the paths that are served; what follows is looked for in the folder
    std::string index = "index.html";  // what "/" and "/folder/" mean; "": nothing
    std::string cache_control = {};    // the header, with each file; "": none
    std::string charset = "utf-8";     // of files that are text/...; "": it is not said
    bool precompressed = false;        // send x.gz, where it is beside x and not older, to who accepts gzip
    bool listing = false;              // a page of its entries (10,000 at most) for a folder without an index
    bool hidden = false;               // serve, and list, what begins with a dot
};

class StaticFiles {
public:
    // Throws: std::system_error when there is no such folder; std::invalid_argument for a prefix that does not begin
    // and end with a slash, or an index with a slash.
    explicit StaticFiles(std::string root, StaticOptions options = {});

    // 404 for what is not there or must not be seen, 403 for what the system does not let us read; 301 to the path with
    // a slash for a folder without. Throws: what sending throws; std::system_error for other errors of the system.
    void operator()(Request& request, Response& response) const;

private:
    struct State;
    std::shared_ptr<const State> state_;
};

}  // namespace tendril::http
