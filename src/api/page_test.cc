// SPDX-License-Identifier: Apache-2.0
#include "api/page.h"

#include <algorithm>

#include "api/fakes_test.h"
#include "api/url.h"

namespace leoflow::api {
namespace {

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

class PageTest : public testing::Test {
 protected:
  Response get(const std::string& target, Headers headers = {}) const {
    auto url = parse_url(target);
    EXPECT_TRUE(url.has_value());
    return page.serve({.target = target, .headers = std::move(headers)}, url->segments);
  }
  const WebPage page{{{"assets/app-1a2b.js", "let a"},
                   {"assets/app-1a2b.js.gz", "packed"},
                   {"docs/index.html", "<docs>"},
                   {"index.html", "<html>"},
                   {"logo.svg", "<svg/>"}}};
};

TEST_F(PageTest, ServesFilesWithTheirTypes) {
  Response script = get("/assets/app-1a2b.js");
  EXPECT_EQ(script.status, 200);
  EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(script.body, "let a");
  EXPECT_EQ(header(script, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(header(script, "Content-Encoding"), "");
  EXPECT_EQ(get("/logo.svg").content_type, "image/svg+xml");
  EXPECT_EQ(header(get("/logo.svg"), "Cache-Control"), "no-cache");
}

TEST_F(PageTest, SendsThePackedFormToWhoTakesIt) {
  Response script = get("/assets/app-1a2b.js", {{"accept-encoding", "gzip, br"}});
  EXPECT_EQ(script.body, "packed");
  EXPECT_EQ(header(script, "Content-Encoding"), "gzip");
  EXPECT_EQ(header(script, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(get("/", {{"accept-encoding", "gzip"}}), "Content-Encoding"), "");
}

TEST_F(PageTest, DeepLinksAreTheIndex) {
  for (auto target :
       {"/", "/index.html", "/dags", "/dags/my.dag/runs/manual__2026-01-01T00:00:00.123+00:00",
        "/dags/etl.js/graph?task=a", "/admin/pools/"}) {
    Response response = get(target);
    EXPECT_EQ(response.status, 200) << target;
    EXPECT_EQ(response.body, "<html>") << target;
    EXPECT_EQ(header(response, "Cache-Control"), "no-cache") << target;
    EXPECT_NE(header(response, "Content-Security-Policy").find("frame-ancestors 'none'"),
              std::string::npos);
  }
}

TEST_F(PageTest, AFolderWithAnIndexIsAPageOfItsOwn) {
  EXPECT_EQ(get("/docs").body, "<docs>");
  EXPECT_EQ(get("/docs").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(get("/docs/more").body, "<html>");
}

TEST_F(PageTest, MissingFilesAreMissing) {
  for (auto target : {"/assets/old-9z.js", "/favicon.ico", "/assets/app-1a2b.js.gz"})
    EXPECT_EQ(get(target).status, 404) << target;
}

TEST_F(PageTest, AddressesOfAssetsArePages) {
  for (auto target : {"/assets", "/assets/3"}) EXPECT_EQ(get(target).body, "<html>") << target;
}

TEST_F(PageTest, RefusesEscapedSlashes) {
  EXPECT_EQ(get("/dags/a%2Fb").status, 400);
  EXPECT_EQ(get("/assets%2Fapp-1a2b.js").status, 400);
}

TEST_F(PageTest, AnswersNotModified) {
  for (auto target : {"/", "/assets/app-1a2b.js", "/logo.svg"}) {
    std::string tag = header(get(target), "ETag");
    Response again = get(target, {{"if-none-match", "\"x\", W/" + tag}});
    EXPECT_EQ(again.status, 304) << target;
    EXPECT_EQ(again.body, "") << target;
    EXPECT_EQ(header(again, "ETag"), tag) << target;
    EXPECT_EQ(get(target, {{"if-none-match", "\"x\""}}).status, 200) << target;
  }
}

TEST(Page, WithoutFilesTheRootSaysHowToGetThem) {
  const WebPage none{{}};
  Response root = none.serve({.target = "/"}, {});
  EXPECT_EQ(root.status, 200);
  EXPECT_EQ(root.content_type, "text/plain; charset=utf-8");
  EXPECT_NE(root.body.find("LEOFLOW_UI=ON"), std::string::npos);
  EXPECT_EQ(none.serve({.target = "/dags"}, {"dags"}).status, 404);
}

TEST(Page, LeavesTheApiItsPaths) {
  EXPECT_TRUE(WebPage::may_be_page({}));
  EXPECT_TRUE(WebPage::may_be_page({"dags", "x"}));
  EXPECT_FALSE(WebPage::may_be_page({"api", "v2", "nothing"}));
  EXPECT_FALSE(WebPage::may_be_page({"auth", "nothing"}));
}

class PageInApi : public ApiTest {};

TEST_F(PageInApi, AnswersWithoutCredentialsAndOnlyReads) {
  EXPECT_NE(raw(Method::get, "/").body.find("LEOFLOW_UI"), std::string::npos);
  EXPECT_EQ(raw(Method::head, "/").status, 200);
  EXPECT_EQ(raw(Method::post, "/").status, 405);
  EXPECT_EQ(raw(Method::del, "/dags/x").status, 405);
  EXPECT_EQ(raw(Method::get, "/../etc/passwd").status, 400);
  EXPECT_EQ(raw(Method::get, "/%2e%2e/etc/passwd").status, 400);
  EXPECT_EQ(get("/api/v2/nothing").status, 404);
}

}  // namespace
}  // namespace leoflow::api
