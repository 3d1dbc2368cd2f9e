#include "droption.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace {

using namespace dynamorio::droption;

struct Options {
  droption_t<unsigned int> count{DROPTION_SCOPE_CLIENT, "count", 5, 1, 64, "A number",
                                 "A number of things."};
  droption_t<std::string> name{
      DROPTION_SCOPE_CLIENT, "name", DROPTION_FLAG_ACCUMULATE, ",", "", "A name", "A name."};
  droption_t<bool> verbose{DROPTION_SCOPE_ALL, "verbose", true, "Say more", "Say more."};
  droption_t<bytesize_t> size{DROPTION_SCOPE_CLIENT, "size", bytesize_t(4096), "A size", "A size."};
  droption_t<twostring_t> pair{DROPTION_SCOPE_CLIENT, "pair", twostring_t("", ""), "Two",
                               "Two words."};
  droption_t<std::string> frontend{DROPTION_SCOPE_FRONTEND, "path", "", "A path", "A path."};
};

struct Parsed {
  bool ok;
  int last;
  std::string error;
};

Parsed parse(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv(arguments);
  argv.insert(argv.begin(), "client");
  Parsed parsed{};
  parsed.ok = droption_parser_t::parse_argv(DROPTION_SCOPE_CLIENT, static_cast<int>(argv.size()),
                                            argv.data(), &parsed.error, &parsed.last);
  return parsed;
}

TEST(Options, take_values_of_their_types) {
  Options options;
  EXPECT_TRUE(parse({"-count", "7", "--size", "2M", "-no_verbose", "-pair", "a", "b", "-name", "x",
                     "-name", "y"})
                  .ok);
  EXPECT_EQ(options.count.get_value(), 7U);
  EXPECT_EQ(uint64_t{options.size.get_value()}, 2U * 1024 * 1024);
  EXPECT_FALSE(options.verbose.get_value());
  EXPECT_EQ(options.pair.get_value(), twostring_t("a", "b"));
  EXPECT_EQ(options.name.get_value(), "x,y");
  EXPECT_TRUE(options.count.specified());
  droption_parser_t::clear_values();
  EXPECT_EQ(options.count.get_value(), 5U);
}

TEST(Options, are_kept_within_their_range) {
  Options options;
  EXPECT_TRUE(parse({"-count", "1000"}).ok);
  EXPECT_EQ(options.count.get_value(), 64U);
}

TEST(Options, say_what_is_wrong) {
  Options options;
  EXPECT_EQ(parse({"-nothing"}).error, "Unknown option: -nothing");
  EXPECT_EQ(parse({"-count"}).error, "Option count missing value");
  EXPECT_EQ(parse({"-count", "-3"}).error, "Option count value out of range");
  EXPECT_EQ(parse({"-path", "x"}).error, "Unknown option: -path");
}

TEST(Options, end_before_the_first_argument_that_is_none) {
  Options options;
  EXPECT_EQ(parse({"-count", "2", "--", "program"}).last, 4);
  EXPECT_EQ(parse({"-count", "2", "program"}).last, 3);
}

TEST(Options, of_others_are_swept) {
  Options options;
  droption_t<std::string> rest{
      DROPTION_SCOPE_CLIENT, "rest", DROPTION_FLAG_ACCUMULATE | DROPTION_FLAG_SWEEP, "", "", ""};
  EXPECT_TRUE(parse({"-other", "value", "-count", "3"}).ok);
  EXPECT_EQ(rest.get_value(), "-other value");
  EXPECT_EQ(options.count.get_value(), 3U);
}

TEST(Options, are_listed_with_their_defaults) {
  Options options;
  const std::string usage = droption_parser_t::usage_short(DROPTION_SCOPE_CLIENT);
  EXPECT_NE(usage.find(" -count"), std::string::npos);
  EXPECT_NE(usage.find("[    4K]"), std::string::npos);
  EXPECT_EQ(usage.find("-path"), std::string::npos);
}

}  // namespace
