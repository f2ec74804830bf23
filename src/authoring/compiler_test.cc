// SPDX-License-Identifier: Apache-2.0
#include "authoring/compiler.h"

#include "authoring/test_support.h"
#include "test_paths.h"

namespace leoflow {
namespace {

DagFile project(const Fixture& setup, const std::string& name) {
  const auto file = dag_file_at(setup.workspace() / name);
  EXPECT_TRUE(file) << file.error().text();
  return file.value_or(DagFile{});
}

DagFile flat(const Fixture& setup, const std::string& name) {
  return {.name = name,
          .path = setup.workspace() / name,
          .project = setup.workspace(),
          .yaml = {},
          .flat = true};
}

TEST(Compiler, TurnsAProjectIntoAVersion) {
  Fixture setup;
  setup.folder.write("dags/etl/dag.py", dag_text("etl"));
  setup.folder.write("dags/etl/leoflow.yaml",
                     "dag_id: etl\ndefaults: {retries: 4}\nstaging: {enabled: true}\n");
  const CompiledFile compiled = setup.compiler.compile(project(setup, "etl"));
  ASSERT_FALSE(compiled.failure) << import_error_text(*compiled.failure, "dag.py");
  ASSERT_EQ(compiled.dags.size(), 1u);
  const CompiledDag& dag = compiled.dags[0];
  EXPECT_EQ(dag.spec.tasks.at(0).retries, 4);
  EXPECT_EQ(dag.spec.relative_fileloc, "dag.py");
  EXPECT_EQ(dag.version.environment, "");
  EXPECT_TRUE(dag.spec.staging.enabled);
  ASSERT_TRUE(setup.compiler.write_bundle(compiled));
  EXPECT_TRUE(fs::exists(fs::path(dag.version.bundle_path) / "dag.py"));
  EXPECT_EQ(parse_dag_spec(dag.version.dag_json)->dag_id, "etl");
  EXPECT_EQ(setup.compiler.compile(project(setup, "etl")).dags[0].version.content_hash,
            dag.version.content_hash);
}

TEST(Compiler, TellsFileLineAndReasonOfASyntaxError) {
  Fixture setup;
  setup.folder.write("dags/etl/dag.py", "import os\nx = (\n");
  const CompiledFile compiled = setup.compiler.compile(project(setup, "etl"));
  ASSERT_TRUE(compiled.failure);
  EXPECT_EQ(compiled.failure->type, "SyntaxError");
  EXPECT_EQ(compiled.failure->line, 2);
  EXPECT_TRUE(compiled.dags.empty());
}

TEST(Compiler, FilesOfAProjectAreNamedFromTheWorkspaceWhenAsked) {
  Fixture setup;
  setup.folder.write("dags/etl/dag.py", "import helper\n");
  setup.folder.write("dags/etl/helper.py", "x = 1\nraise ValueError('no')\n");
  auto found = Discoverer(setup.workspace()).run();
  ASSERT_TRUE(found && found->files.size() == 1);
  const DagFile& file = found->files[0];
  const CompiledFile compiled = setup.compiler.compile(file);
  ASSERT_TRUE(compiled.failure);
  std::string text = import_error_text(seen_from_workspace(*compiled.failure, file), file.name);
  EXPECT_TRUE(text.starts_with("File \"etl/")) << text;
  EXPECT_NE(text.find("  File \"etl/dag.py\", line 1"), std::string::npos) << text;
  EXPECT_NE(text.find("  File \"etl/helper.py\", line 2"), std::string::npos) << text;
  EXPECT_EQ(text.find("\"helper.py\""), std::string::npos) << text;
  setup.folder.write("dags/etl/leoflow.yaml", "colour: red\n");
  const CompiledFile yaml = setup.compiler.compile(Discoverer(setup.workspace()).run()->files[0]);
  ASSERT_TRUE(yaml.failure);
  EXPECT_EQ(seen_from_workspace(*yaml.failure, file).file, "etl/leoflow.yaml");
}

TEST(Compiler, FilesOfAProjectOfItsOwnKeepTheirNames) {
  Fixture setup;
  setup.folder.write("dags/etl/dag.py", "x = (\n");
  const DagFile file = project(setup, "etl");
  const CompiledFile compiled = setup.compiler.compile(file);
  ASSERT_TRUE(compiled.failure);
  EXPECT_EQ(import_error_text(seen_from_workspace(*compiled.failure, file), file.name),
            import_error_text(*compiled.failure, file.name));
}

TEST(Compiler, YamlMistakesAreImportErrorsOfTheYaml) {
  Fixture setup;
  setup.folder.write("dags/etl/dag.py", dag_text("etl"));
  setup.folder.write("dags/etl/leoflow.yaml", "owner: x\ndag_id: elt\n");
  const CompiledFile compiled = setup.compiler.compile(project(setup, "etl"));
  ASSERT_TRUE(compiled.failure);
  EXPECT_EQ(import_error_text(*compiled.failure, "etl/dag.py"),
            "File \"leoflow.yaml\", line 2\nleoflow.yaml: dag_id 'elt' is not a DAG of dag.py at "
            "line 2\n\n"
            "hint: did you mean 'etl'?\n");
}

TEST(Compiler, EndsAFileThatNeverEnds) {
  Fixture setup;
  setup.folder.write("dags/etl/dag.py", "while True: pass\n");
  Compiler quick(Extractor({.script = LEOFLOW_SOURCE_DIR "/python/leoflow/extract.py",
                            .time_max = std::chrono::milliseconds(300),
                            .memory_bytes_max = kExtractMemoryMax,
                            .variables = {}}),
                 setup.environments, setup.interpreters, setup.bundles);
  const CompiledFile compiled = quick.compile(project(setup, "etl"));
  ASSERT_TRUE(compiled.failure);
  EXPECT_EQ(compiled.failure->message, "reading the file took longer than 0.300s and was ended");
}

TEST(Compiler, EndsAFileThatAllocatesWithoutEnd) {
  Fixture setup;
  setup.folder.write("dags/etl/dag.py", "x = []\nwhile True: x.append(bytearray(1 << 24))\n");
  const CompiledFile compiled = setup.compiler.compile(project(setup, "etl"));
  ASSERT_TRUE(compiled.failure);
  const std::string text = import_error_text(*compiled.failure, "dag.py");
  EXPECT_NE(text.find("hint: "), std::string::npos) << text;
  EXPECT_NE(text.find("Mi"), std::string::npos) << text;
}

TEST(Compiler, FlatFileDependsOnItsImportsOnly) {
  Fixture setup;
  setup.folder.write("dags/one.py", dag_text("one", "import helper\n"));
  setup.folder.write("dags/two.py", dag_text("two"));
  setup.folder.write("dags/helper.py", "def f():\n    from lazy import g\n");
  setup.folder.write("dags/lazy.py", "g = 1\n");
  auto hash = [&](const char* name) {
    const CompiledFile compiled = setup.compiler.compile(flat(setup, name));
    EXPECT_FALSE(compiled.failure) << import_error_text(*compiled.failure, name);
    return compiled.dags.at(0).version.content_hash;
  };
  const std::string one = hash("one.py"), two = hash("two.py");
  setup.folder.write("dags/lazy.py", "g = 2\n");
  EXPECT_NE(hash("one.py"), one);
  EXPECT_EQ(hash("two.py"), two);
}

TEST(Compiler, WarnsAboutUndeclaredSecrets) {
  Fixture setup;
  setup.folder.write("dags/etl/dag.py", dag_text("etl", "CONN_ID = 'conn_id'\n"));
  const CompiledFile compiled = setup.compiler.compile(project(setup, "etl"));
  ASSERT_FALSE(compiled.failure);
  EXPECT_EQ(compiled.dags[0].spec.warnings,
            std::vector<std::string>{"no connections: declared; tasks see all"});
}

TEST(Compiler, AsksForAnEnvironmentWhereItMayNotBuild) {
  Fixture setup;
  setup.folder.write("dags/etl/dag.py", dag_text("etl"));
  setup.folder.write("dags/etl/leoflow.yaml", "dependencies: [no-such-package-x]\n");
  const CompiledFile compiled =
      setup.compiler.compile(project(setup, "etl"), {.build_environments = false});
  EXPECT_TRUE(compiled.needs_environment);
  EXPECT_FALSE(compiled.failure);
}

}  // namespace
}  // namespace leoflow
