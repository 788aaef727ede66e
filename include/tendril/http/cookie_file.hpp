// SPDX-License-Identifier: MIT
// Floor: http
//
// Cookie files: a CookieJar on disk, in Netscape's format, which curl, wget, Python's MozillaCookieJar and browsers'
// exports have in common.
//
//     auto jar = std::make_shared<http::CookieJar>();
//     http::load_cookies(*jar, "cookies.txt");
//     http::Client client({.cookies = jar});
//     ...
//     http::save_cookies(*jar, "cookies.txt");
//
// A line is a cookie, of seven fields with tabs between them: domain, TRUE if its subdomains get it too, path, TRUE for
// https only, seconds since 1970 (0: the session's), name, value. "#HttpOnly_" before the domain hides it from scripts.
// Other lines that begin with "#" are comments. SameSite has no place in the format, and is lost.
//
// What a file says is checked as what a server says is, so that an edited or foreign file cannot do more: a cookie for
// a public suffix goes to that very host only, and the jar's limits hold.

#pragma once

#include <cstddef>
#include <string>

#include <tendril/deadline.hpp>
#include <tendril/http/cookie_jar.hpp>

namespace tendril::http {

inline constexpr std::size_t longest_cookie_file = std::size_t{16} << 20;  // bytes

// Adds the cookies of the file to the jar; they replace those of the same name, domain and path. Expired ones are left
// out. The file is read and parsed in the thread pool. A call that is interrupted or timed out has added nothing.
// Returns: how many lines were cookies, and how many were neither cookies nor comments.
// Yields. Throws: std::system_error that names the path (ENOENT: there is none yet); std::runtime_error: it is longer
// than longest_cookie_file, or none of its lines is a cookie, although some should be; TimeoutError; Interrupt.
CookieLines load_cookies(CookieJar& jar, const std::string& path, Deadline deadline = never);

// Writes the jar to the file, without expired cookies. A second file is written next to it, flushed to disk, and then
// renamed, so that a reader of `path` finds the old cookies or the new ones, whole, whatever happens meanwhile. The
// new file can be read by its owner only; a link at `path` is replaced. session: also those without an expiry, which a
// browser would forget at its end. Cookies of Unix-domain sockets are not saved: the format has no name for them.
// Yields. Throws: std::system_error that names the path; then the old file is as it was. TimeoutError, Interrupt: the
// writing goes on in the thread pool, and may still succeed; it leaves nothing half-done.
void save_cookies(const CookieJar& jar, const std::string& path, bool session = false, Deadline deadline = never);

}  // namespace tendril::http
