@tasks @types
Feature: Task types
  What a task needs and what it brings is data: a type with JSON Schemas, in versions.

  Background:
    Given the studio

  @R3.13
  Scenario: A director defines a type, and defining it again makes the next version
    When ARTEMIS defines the type CARVE_STATUE
    Then the type CARVE_STATUE has version 1
    When ARTEMIS defines the type CARVE_STATUE
    Then the type CARVE_STATUE has version 2

  @R3.13
  Scenario: A task keeps the version that it was created with
    Given ARTEMIS creates the portrait task
    When ARTEMIS defines the type DRAW_SKETCH anew, for review
    Then the portrait task is of version 1 of DRAW_SKETCH

  @R3.13
  Scenario: A type that nobody defined is refused
    When ARTEMIS creates the portrait task of type PAINT_DREAMS
    Then it is refused with BAD_USER_INPUT

  @R3.13 @alone
  Scenario Outline: Input that breaks the type's schema is refused, and the refusal says where and why
    When ARTEMIS creates the portrait task <with something wrong>
    Then it is refused with BAD_USER_INPUT
    And the refusal points to "<pointer>" and the rule "<rule>"
    And there are no tasks

    Examples:
      | with something wrong           | pointer    | rule      |
      | without a prompt               |            | required  |
      | with the number 7 as prompt    | /prompt    | type      |
      | with the prompt ""             | /prompt    | minLength |
      | with the palette "red, fox"    | /palette/1 | enum      |

  @R3.13
  Scenario: Output that breaks the type's schema is refused at hand-in, and the task stays in hand
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    When L2-CHAR-001 completes the portrait task with nothing in it
    Then it is refused with BAD_USER_INPUT
    And the portrait task is IN_PROGRESS

  @R3.13
  Scenario Outline: A schema that is none, or that fetches something, is refused
    When ARTEMIS defines the type CARVE_STATUE with <a bad schema>
    Then it is refused with BAD_USER_INPUT

    Examples:
      | a bad schema                              |
      | a schema that is no schema                |
      | a schema that fetches another over HTTP   |
      | a schema that fetches a file              |

  @R3.13
  Scenario: A director without MODIFY_PIPELINE defines nothing
    Given the operator takes MODIFY_PIPELINE from ARTEMIS
    When ARTEMIS defines the type CARVE_STATUE
    Then it is refused with FORBIDDEN
