// SPDX-License-Identifier: MIT

#include <tendril/http/access_log.hpp>

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <vector>

#include <tendril/http/request.hpp>
#include <tendril/http/trace.hpp>

#include "base/escape.hpp"

namespace tendril::http {

namespace {

enum class Part {
    text,
    client_ip,
    client_port,
    date_time,
    request_line,
    status_code,
    body_length,
    wall_seconds,
    request_id,
    trace_id,
    user_agent,
    referer
};

constexpr std::array<std::pair<std::string_view, Part>, 11> fields{{
    {"client_ip", Part::client_ip},
    {"client_port", Part::client_port},
    {"date_time", Part::date_time},
    {"request_line", Part::request_line},
    {"status_code", Part::status_code},
    {"body_length", Part::body_length},
    {"wall_seconds", Part::wall_seconds},
    {"request_id", Part::request_id},
    {"trace_id", Part::trace_id},
    {"user_agent", Part::user_agent},
    {"referer", Part::referer},
}};

struct Piece {
    Part part;
    std::string text;  // only for Part::text
};

Part part_called(std::string_view name) {
    std::string known;
    for (const auto& [field, part] : fields) {
        if (field == name) {
            return part;
        }
        known.append(known.empty() ? "" : ", ").append(field);
    }
    throw std::invalid_argument("an access log has no field {" + std::string(name) + "}; its fields are " + known);
}

std::vector<Piece> parse_format(std::string_view format) {
    std::vector<Piece> pieces;
    while (!format.empty()) {
        const std::size_t open = format.find('{');
        if (open > 0) {
            pieces.push_back({Part::text, std::string(format.substr(0, open))});
        }
        if (open == std::string_view::npos) {
            break;
        }
        const std::size_t close = format.find('}', open);
        if (close == std::string_view::npos) {
            throw std::invalid_argument("an access log's format has a { without a }");
        }
        pieces.push_back({part_called(format.substr(open + 1, close - open - 1)), {}});
        format.remove_prefix(close + 1);
    }
    return pieces;
}

using tendril::detail::append_escaped;

void append_or_dash(std::string& line, std::string_view text) {
    append_escaped(line, text.empty() ? std::string_view("-") : text);
}

void append_date(std::string& line) {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 32> text;
    line.append(text.data(), std::strftime(text.data(), text.size(), "%d/%b/%Y %H:%M:%S", &parts));
}

void append_client(std::string& line, const AccessRecord& record) {
    const std::string ip = record.peer.ip();
    append_or_dash(line, record.request != nullptr ? record.request->client() : ip.empty() ? record.peer.path() : ip);
}

void append_request_line(std::string& line, const AccessRecord& record) {
    if (record.request == nullptr) {
        line += '-';
        return;
    }
    line.append(record.request->method()).append(" ");
    append_escaped(line, record.request->target());
    line.append(" ").append(to_string(record.request->version()));
}

void append_header(std::string& line, const AccessRecord& record, std::string_view name) {
    append_or_dash(line, record.request != nullptr ? record.request->header(name) : std::string_view());
}

void append(std::string& line, const Piece& piece, const AccessRecord& record) {
    switch (piece.part) {
    case Part::text:
        line += piece.text;
        break;
    case Part::client_ip:
        append_client(line, record);
        break;
    case Part::client_port:
        line += std::to_string(record.peer.port());
        break;
    case Part::date_time:
        append_date(line);
        break;
    case Part::request_line:
        append_request_line(line, record);
        break;
    case Part::status_code:
        line += std::to_string(record.status);
        break;
    case Part::body_length:
        line += std::to_string(record.body_length);
        break;
    case Part::wall_seconds: {
        std::array<char, 32> text;
        const double seconds = std::chrono::duration<double>(record.took).count();
        line.append(text.data(), static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.6f", seconds)));
        break;
    }
    case Part::request_id:
        append_or_dash(line, record.request != nullptr ? std::string_view(record.request->id()) : std::string_view());
        break;
    case Part::trace_id: {
        const Trace* const trace = Trace::current();
        append_or_dash(line, trace != nullptr ? trace->trace_id_text() : std::string());
        break;
    }
    case Part::user_agent:
        append_header(line, record, "User-Agent");
        break;
    case Part::referer:
        append_header(line, record, "Referer");
        break;
    }
}

}  // namespace

AccessLog::AccessLog(Target target, std::string_view format) {
    if (!target) {
        throw std::invalid_argument("an access log without a target");
    }
    each_ = [target = std::move(target),
             pieces = std::make_shared<const std::vector<Piece>>(parse_format(format))](const AccessRecord& record) {
        std::string line;
        for (const Piece& piece : *pieces) {
            append(line, piece, record);
        }
        target(line);
    };
}

AccessLog AccessLog::of_records(std::function<void(const AccessRecord&)> each) {
    AccessLog log;
    log.each_ = std::move(each);
    return log;
}

void AccessLog::standard_error(std::string_view line) {
    std::string whole(line);
    whole += '\n';  // one write, so that the lines of several hubs do not mix
    std::fwrite(whole.data(), 1, whole.size(), stderr);
}

}  // namespace tendril::http
