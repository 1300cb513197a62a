@small @bad
Feature: What goes wrong

  @R3.04
  Scenario: It fails each time
    Given something
    Then it is not so
    And it is so

  @R3.04
  Scenario: It passes when it is tried again
    Then it is so the second time

  Scenario: Nobody has written it
    Given something
    When ARTEMIS praises the portrait task "at last"
    Then it is so
