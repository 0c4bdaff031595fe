// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The picture has what it was given, and stays one whatever it is given.
#include "sim/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace chi::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Plot, HasCurvesTicksAndNames) {
  const std::string svg = plot_svg(
      "two <policies> & a load",
      {{.title = "imbalance", .least = 1, .curves = {{"one", {{0, 1}, {10, 3}}}, {"two", {{0, 2}, {10, 2}}}}}});
  EXPECT_THAT(svg, HasSubstr("two &lt;policies> &amp; a load"));
  EXPECT_THAT(svg, HasSubstr(">one</text>"));
  EXPECT_THAT(svg, HasSubstr(">two</text>"));
  EXPECT_THAT(svg, HasSubstr(">10 s</text>"));
  EXPECT_THAT(svg, HasSubstr("points=\"64.0,260.0 840.0,70.0 \"")) << "from corner to corner";
  EXPECT_THAT(svg, HasSubstr("points=\"64.0,165.0 840.0,165.0 \""));
  EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

TEST(Plot, MarksStandInPlaceOfSeconds) {
  const std::string svg = plot_svg("", {{.curves = {{"one", {{0, 1}, {2, 3}}}}}}, {{0, "0 %"}, {1, "90 %"}});
  EXPECT_THAT(svg, HasSubstr("<text x=\"452.0\" y=\"278.0\" font-size=\"12\" text-anchor=\"middle\">90 %</text>"));
  EXPECT_THAT(svg, Not(HasSubstr(" s</text>")));
}

TEST(Plot, LogarithmicAxesHavePowersOfTen) {
  const std::string svg =
      plot_svg("", {{.title = "wait", .logarithmic = true, .curves = {{"one", {{0, 0.3}, {1, 20}, {2, 0}}}}}});
  for (const char* tick : {">0.1<", ">1<", ">10<", ">100<"}) EXPECT_THAT(svg, HasSubstr(tick));
  EXPECT_THAT(svg, HasSubstr("840.0,260.0 ")) << "0 is at the lower end";
}

TEST(Plot, NothingAndOddValuesMakeAPicture) {
  const double odd = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(plot_svg("", {}), HasSubstr("</svg>"));
  for (const bool logarithmic : {false, true}) {
    const std::string svg = plot_svg(
        "x\n", {{.title = "t", .logarithmic = logarithmic, .curves = {{"n", {{0, odd}, {0, -1}}}, {"none", {}}}}});
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
}

}  // namespace
}  // namespace chi::sim
