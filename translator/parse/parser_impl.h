// The parser's one class; its functions are in parser_<what>.cpp. A fault in a declaration is
// thrown as ParseFailure to the top, which goes on with the next declaration.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "translator/parse/parser.h"

namespace stapd {

struct ParseFailure {};  // the diagnostic is already in

// @count ... @variance.
std::optional<ast::Statistic::Op> find_statistic(std::string_view word);

class Parser {
 public:
  Parser(FileId file, const std::vector<Token>& tokens, const ParseOptions& options,
         Diagnostics& diagnostics)
      : tokens_(tokens), options_(options), diagnostics_(diagnostics) {
    script_.file = file;
  }
  ast::Script run();

 private:
  // ---- tokens (parser.cpp) ----
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool peek_is(TokenKind kind) const { return peek().is(kind); }
  bool skip_if(TokenKind kind) {
    if (!peek_is(kind)) return false;
    ++at_;
    return true;
  }
  const Token& expect(TokenKind kind);
  const Token& expect_identifier();
  std::string_view expect_string();
  int64_t expect_number();
  int64_t number_value(const Token& token);
  // "saw" the next token.
  [[noreturn]] void fail(DiagnosticKind kind, std::string message, std::string hint = {});
  // "at" a token.
  [[noreturn]] void fail_at(const Token& token, DiagnosticKind kind, std::string message);

  // Counts nesting; fails when it is too deep.
  class Nesting {
   public:
    Nesting(Parser& parser, int levels);
    ~Nesting() { parser_.depth_ -= levels_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
    int levels_;
  };

  template <class T>
  T* make(const Token& token) {
    return script_.arena.make<T>(token);
  }

  // ---- declarations ----
  void parse_declaration();
  void skip_to_declaration();
  void parse_probe(const Token& keyword);
  void parse_private();
  void parse_globals(bool is_private);
  void check_new_global(const Token& name, bool is_private);
  void parse_global(bool is_private);
  void parse_function(bool is_private);
  std::vector<ast::Parameter> parse_parameters();
  ast::DeclaredType parse_type();
  std::optional<int64_t> parse_priority();
  ast::Stmt* parse_function_body();
  void check_embedded(const Token& token);

  // ---- probe points ----
  using Components = std::vector<ast::ProbePointComponent>;
  struct Pattern {
    Components components;
    bool optional = false, sufficient = false;
    ast::Expr* condition = nullptr;
  };
  std::vector<ast::ProbePoint*> parse_probe_point();
  std::vector<Pattern> parse_patterns();
  std::vector<Pattern> parse_braces();
  void append(std::vector<Pattern>& heads, const std::vector<Pattern>& tails);
  void parse_suffix(std::vector<Pattern>& patterns);
  ast::ProbePointComponent parse_component();
  bool continues_component() const;

  // ---- statements ----
  ast::Block* parse_block();
  ast::Stmt* parse_statement();
  ast::Stmt* parse_simple_statement();
  ast::Stmt* parse_if();
  ast::Stmt* parse_while();
  ast::Stmt* parse_for();
  ast::Stmt* parse_foreach();
  void parse_foreach_names(ast::Foreach& loop);
  void parse_foreach_keys(ast::Foreach& loop);
  void parse_foreach_base(ast::Foreach& loop);
  bool parse_sort(ast::Foreach& loop);
  ast::Stmt* parse_try();
  ast::Stmt* parse_return();
  ast::Stmt* parse_delete();
  ast::Stmt* parse_expression_statement();

  // ---- expressions ----
  ast::Expr* parse_expression();
  ast::Expr* parse_ternary();
  ast::Expr* parse_logical(int level);
  ast::Expr* parse_in();
  ast::Expr* parse_comparison();
  ast::Expr* parse_arithmetic(int level);
  ast::Expr* make_binary(const Token& op, ast::Expr* left, ast::Expr* right);
  void check_chain(size_t length);
  ast::Expr* parse_unary();
  ast::Expr* parse_step();
  ast::Expr* parse_path();
  ast::Expr* parse_address_of(const Token& ampersand);
  ast::Expr* parse_value();
  ast::Expr* parse_number();
  ast::String* parse_string();
  ast::Expr* parse_word();
  ast::Expr* parse_call(const Token& name);
  ast::Expr* parse_index(ast::Expr* base, const Token& token);
  ast::Expr* parse_indexable();
  ast::ExprList parse_expression_list(TokenKind close);
  ast::Expr* parse_print(const Token& name);
  void parse_print_arguments(ast::Print& print);
  bool parse_whole_histogram(ast::Print& print);

  // ---- operators that begin with @, and target variables ----
  ast::Expr* parse_at_word();
  ast::Expr* parse_cast(const Token& word);
  ast::Expr* parse_target(const Token& name);
  ast::Expr* parse_target_global(const Token& word);
  ast::Expr* parse_defined(const Token& word);
  ast::Expr* parse_probe_write(const Token& word);
  ast::Expr* parse_entry(const Token& word);
  ast::Expr* parse_perf(const Token& word);
  ast::Expr* parse_constant(const Token& word);
  ast::Expr* parse_enumerator(const Token& word);
  ast::Expr* parse_enumerator_name(const Token& word);
  ast::Expr* parse_register(const Token& word, bool user);
  ast::Expr* parse_dereference(const Token& word, bool user);
  ast::Expr* parse_statistic(const Token& word, ast::Statistic::Op op);
  ast::Histogram* parse_histogram(const Token& word);
  int64_t parse_signed_number();
  ast::TargetComponents parse_components(std::string_view first_suffix, const Token& suffix_token);
  void parse_member(std::vector<ast::TargetComponent>& components);
  bool at_pretty_suffix() const;
  bool at_component() const;
  void need_guru(const Token& word);
  static std::string similar_at_word(std::string_view word);

  const std::vector<Token>& tokens_;
  const ParseOptions& options_;
  Diagnostics& diagnostics_;
  ast::Script script_;
  size_t at_ = 0;
  int depth_ = 0;
  bool in_function_ = false;
  std::unordered_map<std::string_view, bool> globals_;  // name -> is private
};

}  // namespace stapd
