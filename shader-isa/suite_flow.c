// SPDX-License-Identifier: MIT
//
// The control flow cases of the conformance suite: one small program a situation, on inputs that
// keep numbers small. Conditions are the same in all lanes where an engine without votes must
// agree.
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "shader-isa/suite.h"

#define ADD_ONE " ALU: ADDv R1 = R1, C3\n" // c3 = 1
#define SHOW "ALLOC PARAM/PIXEL SIZE(0x0)\nEXEC_END\n ALU: MAXv export0 = R1, R1\n"
#define UNIFORM_P0 "EXEC\n ALU: MAXv R0.____ = R0, R0\n PRED_SETGTs R0.____ = C3\n"

// Booleans: b0 is 0, b1 is 1. Loops: i0 {1, 2, 0}, i1 {3, 0, 1}, i2 {0, 5, 1}, i3 {4, 10, -3}.
static const struct {
    const char *name, *text;
} flows[] = {
    {"straight", "EXEC\n" ADD_ONE SHOW},
    {"nop", "NOP\nMARK_VS_FETCH_DONE\nEXEC\n" ADD_ONE SHOW},
    {"cond_exec", "COND_EXEC BOOL_ADDR(0x1) COND(1)\n" ADD_ONE "COND_EXEC COND(1)\n" ADD_ONE
                  "COND_EXEC COND(0)\n" ADD_ONE SHOW},
    {"cond_exec_clean", "COND_EXEC_PRED_CLEAN BOOL_ADDR(0x1) COND(1)\n" ADD_ONE
                        "COND_EXEC_PRED_CLEAN COND(1)\n" ADD_ONE SHOW},
    {"cond_end_taken", "EXEC\n" ADD_ONE "ALLOC PARAM/PIXEL SIZE(0x0)\n"
                       "COND_EXEC_END BOOL_ADDR(0x1) COND(1)\n ALU: MAXv export0 = R1, R1\n"
                       "EXEC\n" ADD_ONE SHOW},
    {"cond_end_not_taken", "EXEC\n" ADD_ONE "ALLOC PARAM/PIXEL SIZE(0x0)\n"
                           "COND_EXEC_END COND(1)\n ALU: MAXv export0 = R1, R1\n"
                           "EXEC\n" ADD_ONE SHOW},
    {"cond_end_clean", "COND_EXEC_PRED_CLEAN_END COND(1)\nEXEC\n" ADD_ONE SHOW},
    {"pred_exec", UNIFORM_P0 "COND_PRED_EXEC COND(1)\n ALU: ADDvEQ R1 = R1, C3\n"
                             "COND_PRED_EXEC COND(0)\n ALU: ADDvNE R1 = R1, C3\n" SHOW},
    {"pred_exec_divergent", "EXEC\n ALU: MAXv R0.____ = R0, R0\n PRED_SETGTs R0.____ = R8\n"
                            "COND_PRED_EXEC COND(1)\n ALU: ADDvEQ R1 = R1, C3\n"
                            "COND_PRED_EXEC COND(0)\n ALU: MULvNE R1 = R1, C3\n" SHOW},
    {"pred_end", UNIFORM_P0 "COND_PRED_EXEC_END COND(0)\n"
                            "ALLOC PARAM/PIXEL SIZE(0x0)\n"
                            "COND_PRED_EXEC_END COND(1)\n ALU: MAXvEQ export0 = R1, R1\n"
                            "EXEC\n" ADD_ONE SHOW},
    {"loop", "LOOP_START ADDR(0x3) LOOP_ID(1)\nEXEC\n" ADD_ONE
             " ALU: ADDv R1 = R1, C64 {const0_rel=0, const1_rel=0}\n"
             "LOOP_END ADDR(0x1) LOOP_ID(1)\n" SHOW},
    {"loop_al", "LOOP_START ADDR(0x3) LOOP_ID(1)\nEXEC\n"
                " ALU: ADDv R1 = R1, C64 {const0_rel=1}\n"
                "LOOP_END ADDR(0x1) LOOP_ID(1)\n" SHOW},
    {"loop_step_back", "LOOP_START ADDR(0x3) LOOP_ID(3)\nEXEC\n"
                       " ALU: ADDv R1 = R1, C64 {const0_rel=1}\n"
                       "LOOP_END ADDR(0x1) LOOP_ID(3)\n" SHOW},
    {"loop_zero",
     "LOOP_START ADDR(0x3) LOOP_ID(2)\nEXEC\n" ADD_ONE "LOOP_END ADDR(0x1) LOOP_ID(2)\n" SHOW},
    {"loop_nested", "LOOP_START ADDR(0x6) LOOP_ID(1)\nLOOP_START ADDR(0x4) LOOP_ID(3)\nEXEC\n"
                    " ALU: ADDv R1 = R1, C64 {const0_rel=1}\nLOOP_END ADDR(0x2) LOOP_ID(3)\n"
                    "EXEC\n ALU: ADDv R1 = R1, C64 {const0_rel=1}\n"
                    "LOOP_END ADDR(0x1) LOOP_ID(1)\n" SHOW},
    {"loop_repeat",
     "LOOP_START ADDR(0x3) LOOP_ID(1)\nEXEC\n" ADD_ONE "LOOP_END ADDR(0x1) LOOP_ID(1)\n"
     "LOOP_START ADDR(0x6) LOOP_ID(1) {repeat=1}\nEXEC\n"
     " ALU: ADDv R1 = R1, C64 {const0_rel=1}\n"
     "LOOP_END ADDR(0x4) LOOP_ID(1)\n" SHOW},
    {"loop_break", UNIFORM_P0 "LOOP_START ADDR(0x4) LOOP_ID(1)\nEXEC\n" ADD_ONE
                              "LOOP_END ADDR(0x2) LOOP_ID(1) {pred_break=1, condition=1}\n" SHOW},
    {"loop_no_break",
     UNIFORM_P0 "LOOP_START ADDR(0x4) LOOP_ID(1)\nEXEC\n" ADD_ONE
                "LOOP_END ADDR(0x2) LOOP_ID(1) {pred_break=1, condition=0}\n" SHOW},
    {"call", "COND_CALL ADDR(0x4) DIR(1) FORCE_CALL\nCOND_CALL ADDR(0x4) DIR(1) BOOL_ADDR(0x1) "
             "{condition=1}\n" SHOW "EXEC\n" ADD_ONE "RETURN ADDR(0x0) DIR(0)\n"},
    {"call_nested", "COND_CALL ADDR(0x3) DIR(1) FORCE_CALL\n" SHOW
                    "COND_CALL ADDR(0x6) DIR(1) FORCE_CALL\nEXEC\n" ADD_ONE
                    "RETURN ADDR(0x0) DIR(0)\nEXEC\n" ADD_ONE ADD_ONE "RETURN ADDR(0x0) DIR(0)\n"},
    {"return_outside", "RETURN ADDR(0x0) DIR(0)\nEXEC\n" ADD_ONE SHOW},
    {"jump", "COND_JMP ADDR(0x2) DIR(1) FORCE_CALL\nEXEC\n" ADD_ONE SHOW},
    {"jump_bool", "COND_JMP ADDR(0x2) DIR(1) BOOL_ADDR(0x1) {condition=1}\nEXEC\n" ADD_ONE
                  "COND_JMP ADDR(0x4) DIR(1) {condition=1}\nEXEC\n" ADD_ONE SHOW},
    {"jump_pred", UNIFORM_P0 "COND_JMP ADDR(0x3) DIR(1) COND(1)\nEXEC\n" ADD_ONE
                             "COND_JMP ADDR(0x5) DIR(1) COND(0)\nEXEC\n" ADD_ONE SHOW},
    {"jump_back", "EXEC\n" ADD_ONE " ALU: ADDv R5.x___ = R5, C3\n"
                  " ALU: SETGTEv R6.x___ = R5, C5\n"
                  " ALU: MAXv R0.____ = R0, R0\n PRED_SETNEs R0.____ = R6.xxxx\n"
                  "COND_JMP ADDR(0x0) DIR(0) COND(0)\n" SHOW},
};

bool suite_flow_case(unsigned i, struct suite_case *c)
{
    if (i >= ARRAY_LEN(flows)) {
        return false;
    }
    uint32_t *dw;
    snprintf(c->name, sizeof c->name, "flow.%s", flows[i].name);
    snprintf(c->row, sizeof c->row, "flow %s", flows[i].name);
    c->column = SUITE_FLOW;
    c->batches = 1;
    c->kind = FILL_SMALL;
    if (shader_assemble(flows[i].text, SHADER_PIXEL, &dw, &c->ndw, NULL) ||
        c->ndw > ARRAY_LEN(c->dw)) {
        c->ndw = 0; // a mistake above; suite_run reports it
        return true;
    }
    memcpy(c->dw, dw, c->ndw * 4);
    free(dw);
    return true;
}
