// SPDX-License-Identifier: Apache-2.0
#include "authoring/seeded_packages.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace leoflow {
namespace {

using Names = std::set<std::string>;

class SeededPackagesTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/leoflow-seeded-XXXXXX";
    root_ = mkdtemp(pattern);
    add("pip-23.0.1", "Name: pip\n", "../../../bin/pip,,\npip/__init__.py,x,1\n");
    add("setuptools-66.1.1", "Name: setuptools\nRequires-Dist: pip\n",
        "_distutils_hack/__init__.py,x,1\ndistutils-precedence.pth,x,1\npkg_resources/a.py,,\n"
        "setuptools/a.py,,\nsetuptools-66.1.1.dist-info/RECORD,,\n");
    add("duckdb-1.4.4", "Name: duckdb\nRequires-Dist: numpy; extra == 'all'\n", "duckdb/a.py,,\n");
  }
  void TearDown() override { (void)remove_tree(root_); }
  void add(const std::string& package, const std::string& metadata, const std::string& record) {
    fs::path folder = root_ / (package + ".dist-info");
    ASSERT_TRUE(make_folder(folder));
    ASSERT_TRUE(write_file(folder / "METADATA", metadata));
    ASSERT_TRUE(write_file(folder / "RECORD", record));
  }
  fs::path root_;
  const Names pip_ = {"../../../bin/pip", "pip"};
  const Names setuptools_ = {"_distutils_hack", "distutils-precedence.pth", "pkg_resources",
                             "setuptools", "setuptools-66.1.1.dist-info"};
};

TEST_F(SeededPackagesTest, AreThoseThatNobodyAskedFor) {
  Names both = setuptools_;
  both.insert(pip_.begin(), pip_.end());
  EXPECT_EQ(seeded_packages(root_, {"duckdb==1.4.4"}), both);
  EXPECT_EQ(seeded_packages(root_ / "missing", {}), Names());
}

TEST_F(SeededPackagesTest, NothingElsewhereIsNamed) {
  add("pip-23.0.1", "Name: pip\n",
      "../../../bin/pip,,\npip/__init__.py,,\n./x,,\n../x,,\n../../../bin/,,\n../../../bin/..,,\n"
      "../../../bin/../../x,,\n/etc/x,,\n");
  EXPECT_EQ(seeded_packages(root_, {"setuptools"}), pip_);
}

TEST_F(SeededPackagesTest, StayWhenDependenciesNameThem) {
  EXPECT_EQ(seeded_packages(root_, {"duckdb==1.4.4", "Setuptools[core]>=60; python_version>'3'"}),
            pip_);
  EXPECT_EQ(seeded_packages(root_, {"pip", "setuptools"}), Names());
}

TEST_F(SeededPackagesTest, StayWhenAnotherPackageNeedsThem) {
  add("zope_interface-6.0",
      "Name: zope.interface\nRequires-Dist: setuptools (>=1)\n\nRequires: x\n", "zope/a.py,,\n");
  EXPECT_EQ(seeded_packages(root_, {"zope.interface"}), pip_);
}

}  // namespace
}  // namespace leoflow
