/* provernet/provernet.h - everything. */
#ifndef PROVERNET_PROVERNET_H
#define PROVERNET_PROVERNET_H
#include <provernet/artifact.h>
#include <provernet/base.h>
#include <provernet/endpoint.h>
#include <provernet/groth16.h>
#include <provernet/node.h>
#include <provernet/prove.h>
#include <provernet/request.h>
#include <provernet/sign.h>
#include <provernet/sp1.h>
#include <provernet/worker.h>
#endif
