// SPDX-License-Identifier: MIT

#include "net/dns_message.hpp"

#include <chrono>
#include <string>
#include <vector>

#include "green_test.hpp"
#include "name_server.hpp"

using namespace std::chrono_literals;

namespace tendril::detail {
namespace {

using testing::two;
using testing::wire_name;
using namespace std::string_literals;

constexpr std::string_view at_question = "\xc0\x0c";  // a pointer to the question's name

std::string header(unsigned answers, unsigned authorities = 0, unsigned flags = 0x8180) {
    return two(7) + two(flags) + two(1) + two(answers) + two(authorities) + two(0) + wire_name("a.test") + two(1) +
           two(1);
}

std::string record(const std::string& name, RecordType type, const std::string& data, unsigned ttl = 60,
                   unsigned type_class = 1) {
    return name + two(static_cast<unsigned>(type)) + two(type_class) + two(ttl >> 16) + two(ttl) +
           two(static_cast<unsigned>(data.size())) + data;
}

std::string record(RecordType type, const std::string& data, unsigned ttl = 60) {
    return record(std::string(at_question), type, data, ttl);
}

template <TypedRecord T>
T only(const std::string& data) {
    const std::optional<DnsMessage> message = read_dns_message(header(1) + record(T::type, data));
    EXPECT_TRUE(message.has_value());
    EXPECT_EQ(message->answers.at(0).name, "a.test");
    EXPECT_EQ(message->answers.at(0).type, T::type);
    return std::get<T>(message->answers.at(0).data);
}

TEST(DnsMessage, ReadsEveryType) {
    EXPECT_EQ(only<ARecord>("\x7f\0\0\x02"s).address.ip(), "127.0.0.2");
    EXPECT_EQ(only<AaaaRecord>(std::string(15, '\0') + '\1').address.ip(), "::1");
    EXPECT_EQ(only<NsRecord>("\2ns"s + std::string(at_question)).host, "ns.a.test");
    EXPECT_EQ(only<CnameRecord>(wire_name("b.test")).host, "b.test");
    EXPECT_EQ(only<PtrRecord>(wire_name("c.test")).host, "c.test");
    const auto mx = only<MxRecord>(two(10) + wire_name("mail.test"));
    EXPECT_EQ(mx.preference, 10);
    EXPECT_EQ(mx.host, "mail.test");
    EXPECT_EQ(only<MxRecord>(two(0) + "\0"s).host, "");
    const auto txt = only<TxtRecord>("\3abc\0\2d\0"s);
    EXPECT_EQ(txt.strings, (std::vector<std::string>{"abc", "", "d\0"s}));
    EXPECT_EQ(txt.joined(), "abcd\0"s);
    const auto srv = only<SrvRecord>(two(1) + two(2) + two(443) + wire_name("s.test"));
    EXPECT_EQ(std::to_string(srv.priority) + ' ' + std::to_string(srv.weight) + ' ' + std::to_string(srv.port) + ' ' +
                  srv.host,
              "1 2 443 s.test");
    const auto soa = only<SoaRecord>(wire_name("ns.test") + wire_name("root.test") + two(0) + two(9) + two(0) + two(1) +
                                     two(0) + two(2) + two(0) + two(3) + two(1) + two(0));
    EXPECT_EQ(soa.server + ' ' + soa.responsible + ' ' + std::to_string(soa.serial), "ns.test root.test 9");
    EXPECT_EQ(soa.refresh + soa.retry + soa.expire, 6s);
    EXPECT_EQ(soa.minimum, 65536s);
    const auto naptr = only<NaptrRecord>(two(1) + two(2) + "\1u\7E2U+sip\3!x!"s + wire_name("n.test"));
    EXPECT_EQ(naptr.flags + ' ' + naptr.services + ' ' + naptr.regexp + ' ' + naptr.replacement,
              "u E2U+sip !x! n.test");
    EXPECT_EQ(only<UriRecord>(two(1) + two(2) + "ftp://x").target, "ftp://x");
    const auto caa = only<CaaRecord>("\x80\5issueca.test"s);
    EXPECT_TRUE(caa.critical);
    EXPECT_EQ(caa.tag + ' ' + caa.value, "issue ca.test");
    EXPECT_EQ(only<TlsaRecord>("\3\1\1abc"s).data, "abc");
}

TEST(DnsMessage, KeepsWhatItDoesNotKnow) {
    const std::optional<DnsMessage> message =
        read_dns_message(header(2) + record(RecordType{65400}, "\0x"s, 0x80000000u) +
                         record(std::string(at_question), RecordType::a, "1234", 60, 3));
    ASSERT_TRUE(message.has_value());
    ASSERT_EQ(message->answers.size(), 1u) << "another class than the Internet's";
    EXPECT_EQ(std::get<RawRecord>(message->answers[0].data).data, "\0x"s);
    EXPECT_EQ(message->answers[0].ttl, 0s) << "RFC 2181, 8";
}

// Not that of the program's locale: in Turkish, the small form of I is a letter without a dot.
TEST(DnsMessage, NamesAreTheSameInAsciisLetterCase) {
    locale_t turkish = nullptr;
    for (const char* name : {"tr_TR.UTF-8", "tr_TR.ISO-8859-9", "tr_TR"}) {
        turkish = turkish != nullptr ? turkish : ::newlocale(LC_CTYPE_MASK, name, nullptr);
    }
    const locale_t before = turkish != nullptr ? ::uselocale(turkish) : nullptr;
    EXPECT_TRUE(same_name("ABCDEFGHIJKLMNOPQRSTUVWXYZ-9.TEST", "abcdefghijklmnopqrstuvwxyz-9.test"));
    EXPECT_EQ(record_type("AAAA"), record_type("aaaa"));
    EXPECT_EQ(record_type("uri"), RecordType::uri);
    if (turkish != nullptr) {
        ::uselocale(before);
        ::freelocale(turkish);
    }
    for (const auto& [a, b] :
         {std::pair("a@", "a`"), std::pair("a[", "a{"), std::pair("\xc9", "\xe9"), std::pair("a", "ab")}) {
        EXPECT_FALSE(same_name(a, b)) << a;
    }
}

TEST(DnsMessage, NamesAreEscaped) {
    const std::string odd = "\6a.b\\\n\xff\4test\0"s;
    EXPECT_EQ(only<PtrRecord>(odd).host, "a\\.b\\\\\\010\\255.test");
    EXPECT_FALSE(is_host_name("a\\.b.test"));
    EXPECT_FALSE(is_host_name("a;b.test"));
    EXPECT_FALSE(is_host_name(""));
    EXPECT_TRUE(is_host_name("_x-1.Test"));
    EXPECT_EQ(read_dns_name("A\\.b\\\\\\010\\255.test.")->text, "a\\.b\\\\\\010\\255.test");
    EXPECT_EQ(read_dns_name("A\\.b.test.")->query, "a\\.b.test");
    EXPECT_EQ(read_dns_name(".")->query, ".");
    for (const std::string& bad : {".a"s, "a..b"s, std::string(64, 'a'), "a\\000b"s, "a\0b"s, "a\\"s, "\\999"s}) {
        EXPECT_FALSE(read_dns_name(bad).has_value()) << bad;
    }
    const std::string label(63, 'a');
    EXPECT_TRUE(read_dns_name(label + '.' + label + '.' + label + '.' + std::string(61, 'a')).has_value());
    EXPECT_FALSE(read_dns_name(label + '.' + label + '.' + label + '.' + std::string(62, 'a')).has_value());
}

// Whatever is cut off is noticed, and so is what is left over in a record.
TEST(DnsMessage, EveryPrefixIsRefused) {
    const std::string whole = header(3, 1) + record(RecordType::txt, "\3abc") +
                              record(RecordType::srv, two(1) + two(2) + two(3) + wire_name("s.test")) +
                              record(RecordType::naptr, two(1) + two(2) + "\0\0\0\0"s) +
                              record(RecordType::soa, "\0\0"s + std::string(20, '\0'));
    ASSERT_TRUE(read_dns_message(whole).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(read_dns_message(std::string_view(whole).substr(0, size)).has_value()) << size;
    }
    EXPECT_FALSE(read_dns_message(header(1) + record(RecordType::a, "12345")).has_value());
    EXPECT_FALSE(read_dns_message(header(1) + record(RecordType::a, "123")).has_value());
    EXPECT_FALSE(read_dns_message(header(1) + record(RecordType::txt, "\5abc")).has_value());
}

// Pointers to themselves, forwards, into the header, and of the reserved kinds.
TEST(DnsMessage, BadPointersAreRefused) {
    const unsigned here = static_cast<unsigned>(header(1).size());
    for (const unsigned to : {here, here + 2, here + 12, 0u, 11u, 0x3fffu}) {
        EXPECT_FALSE(read_dns_message(header(1) + record(two(0xc000 | to), RecordType::a, "1234")).has_value()) << to;
    }
    EXPECT_FALSE(read_dns_message(header(1) + record("\x80\x0c", RecordType::a, "1234")).has_value());
    EXPECT_FALSE(read_dns_message(header(1) + record("\1a"s + two(0xc000 | here), RecordType::a, "1234")).has_value());
    EXPECT_TRUE(read_dns_message(header(1) + record(two(0xc00e), RecordType::a, "1234")).has_value());
}

// A chain of labels that is megabytes long, to which thousands of records refer; a chain of thousands of pointers.
TEST(DnsMessage, LongNamesAreNotFollowed) {
    std::string labels;
    while (labels.size() < 16000) {
        labels += '\x3f' + std::string(63, 'x');
    }
    labels += '\0';
    const unsigned from = static_cast<unsigned>(header(0).size()) + 12;
    std::string message = header(3000) + record(RecordType{65400}, labels);
    for (int i = 0; i < 2999; ++i) {
        message += record(two(0xc000 | from), RecordType{65400}, "");
    }
    const auto began = std::chrono::steady_clock::now();
    EXPECT_FALSE(read_dns_message(message).has_value());
    std::string pointers = "\0"s;
    for (unsigned at = from + 1; at < 16000; at += 2) {
        pointers += two(0xc000 | (at == from + 1 ? from : at - 2));
    }
    message = header(3000) + record(RecordType{65400}, pointers);
    for (int i = 0; i < 2999; ++i) {
        message += record(two(0xfe00), RecordType{65400}, "");
    }
    EXPECT_FALSE(read_dns_message(message).has_value());
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
}

TEST(DnsMessage, FollowsCnamesInAnyOrderAndCase) {
    const std::string wire = header(4) + record(wire_name("C.test"), RecordType::a, "1234", 30) +
                             record(wire_name("other.test"), RecordType::a, "5678") +
                             record(wire_name("b.test"), RecordType::cname, wire_name("c.TEST"), 20) +
                             record(RecordType::cname, wire_name("B.test"), 25);
    const DnsVerdict found = find_answer(*read_dns_message(wire), "a.test", RecordType::a);
    ASSERT_FALSE(found.failure.has_value());
    EXPECT_EQ(found.answer.name, "c.TEST");
    EXPECT_EQ(found.answer.aliases, (std::vector<std::string>{"a.test", "B.test"}));
    EXPECT_EQ(found.answer.records.size(), 1u);
    EXPECT_EQ(found.answer.ttl, 20s) << "the least of all";
    EXPECT_EQ(find_answer(*read_dns_message(wire), "a.test", RecordType::mx).failure, DnsError::no_record);
    EXPECT_EQ(find_answer(*read_dns_message(wire), "a.test", RecordType::cname).answer.records.size(), 1u);
}

TEST(DnsMessage, CnamesThatGoInCirclesAreABadAnswer) {
    const std::string self = header(1) + record(RecordType::cname, wire_name("a.test"));
    const std::string circle = header(2) + record(RecordType::cname, wire_name("b.test")) +
                               record(wire_name("b.test"), RecordType::cname, wire_name("a.test"));
    std::string chain = header(1000);
    std::string last = wire_name("a.test");
    for (int i = 0; i < 1000; ++i) {
        const std::string next = wire_name("n" + std::to_string(i) + ".test");
        chain += record(last, RecordType::cname, next);
        last = next;
    }
    for (const std::string& wire : {self, circle, chain}) {
        EXPECT_EQ(find_answer(*read_dns_message(wire), "a.test", RecordType::a).failure, DnsError::bad_answer);
    }
}

TEST(DnsMessage, ANoMayBeKeptAsLongAsTheSoaSays) {
    const std::string soa = "\0\0"s + std::string(16, '\0') + two(0) + two(40);
    EXPECT_EQ(read_dns_message(header(0, 1) + record(RecordType::soa, soa, 50))->keep_no, 40s);
    EXPECT_EQ(read_dns_message(header(0, 1) + record(RecordType::soa, soa, 30))->keep_no, 30s);
    EXPECT_EQ(read_dns_message(header(0))->keep_no, std::nullopt);
    EXPECT_FALSE(read_dns_message(header(0))->authenticated);
    EXPECT_TRUE(read_dns_message(header(0, 0, 0x81a0))->authenticated);
}

TEST(DnsRecords, TypesHaveNames) {
    EXPECT_EQ(to_string(RecordType::mx), "MX");
    EXPECT_EQ(to_string(RecordType{65400}), "TYPE65400");
    EXPECT_EQ(record_type("caa"), RecordType::caa);
    EXPECT_EQ(record_type("type65400"), RecordType{65400});
    for (const char* bad : {"", "TYPE", "TYPE70000", "TYPE1x", "M", "MXX"}) {
        EXPECT_THROW(record_type(bad), std::invalid_argument) << bad;
    }
}

}  // namespace
}  // namespace tendril::detail
