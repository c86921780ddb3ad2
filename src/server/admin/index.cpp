// GET /v1: what there is.

#include "server/admin/json.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View&, Request) {
  Json list = Json::array();
  for (const auto* verb : verbs()) {
    list.push_back({{"method", verb->method},
                    {"path", verb->path},
                    {"takes", verb->takes},
                    {"gives", verb->gives},
                    {"scope", store::to_text(verb->scope)},
                    {"what", verb->what}});
  }
  co_return reply(Json{{"requests", std::move(list)}});
}

}  // namespace

const Verb kIndex{"GET",
                  "/v1",
                  "",
                  R"({"requests":[{"method","path","takes","gives","scope","what"}]})",
                  "lists the requests of this interface",
                  {},
                  handle,
                  store::Scope::Read};

}  // namespace cpns::server::admin
