@small
Feature: What goes well

  Background:
    Given something

  Scenario: It passes
    Then it is so

  Rule: Examples count once

    @R1.01
    Scenario Outline: It passes for each
      Then it is <so>

      Examples:
        | so      |
        | so      |
        | like so |
